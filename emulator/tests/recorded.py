"""Stripe's own recorded answers, asked again of the emulator: each request in its order, ids put in as they appear."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from stripe_emulator import Emulator
from tests.http import KEY, Answer, send
from tests.openapi import SPECIFICATION

RECORDED = SPECIFICATION.with_name("recorded.json")
_ID = re.compile(r"\b[a-z]{2,5}_(?=\w*[A-Z0-9])\w{12,}\b")
#: What the account of the recordings sells: the prices by their ids, and what its products are called.
_PRODUCTS = {"prod_EYTX7RYhRjcwKD": ("Test Subscription", "user"), "prod_J54YfEqBTZfFes": ("Default", None)}
_ONCE = {"price_1ILVZaKXBGcbgpbZQ26kgXWG": ("T-Shirt", 1500)}
_COUPONS = {"10OFF": 10.0, "sirmAxRi": 50.0}

Recording = list[dict[str, Any]]


def recordings() -> dict[str, Recording]:
    """Return the recordings by their names, or none where the file is not there."""
    found: dict[str, Recording] = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    return found


def stock(emulator: Emulator) -> None:
    """Let the emulator sell what the account of the recordings does."""
    with emulator.store.write() as tx:
        for id, (name, label) in _PRODUCTS.items():
            tx.insert({**_product(id, name), "unit_label": label})
        for id, (name, amount) in _ONCE.items():
            product = tx.insert(_product(f"prod_{name}", name))
            tx.insert(_once(id, product["id"], amount))
        for price in _prices(recordings()):
            tx.insert(price)
    for id, percent in _COUPONS.items():
        send(emulator.url, "POST", "/v1/coupons", {"id": id, "percent_off": str(percent), "duration": "forever"})


class Replay:
    """One recording, asked again."""

    def __init__(self, emulator: Emulator, recording: Recording) -> None:
        self._emulator = emulator
        self._recording = recording
        self._ids: dict[str, str] = {}

    def answers(self) -> Iterator[tuple[dict[str, Any], Answer]]:
        """Send each request whose objects exist; yield what was recorded, and what came now."""
        for recorded in self._recording:
            form = [(name, self._now(value)) for name, value in recorded["form"] or []]
            query = [(name, self._now(value)) for name, value in recorded["query"] or []]
            path = self._now(recorded["path"])
            if None in (path, *(value for _, value in form + query)):
                continue
            if recorded["path"] == "/v1/customers":
                form.append(("test_clock", self._clock(recorded["answer"]["created"])))
            body = urlencode(form) if recorded["method"] == "POST" else None
            address = f"{path}?{urlencode(query)}" if query else str(path)
            headers = {
                **KEY,
                "Stripe-Version": recorded["version"],
                "Content-Type": "application/x-www-form-urlencoded",
            }
            answer = send(self._emulator.url, recorded["method"], address, body, headers)
            self._learn(recorded["answer"], answer.json)
            yield recorded, answer

    def _clock(self, at: int) -> str:
        found = send(self._emulator.url, "POST", "/v1/test_helpers/test_clocks", {"frozen_time": str(at)})
        return str(found.json["id"])

    def _now(self, text: str) -> str | None:
        """Return the text with each id of the recording as it is here, or None if one is of before the recording."""
        ids = [each for each in _ID.findall(text) if not each.startswith(("pm_card", "price_", "tok_"))]
        if any(each not in self._ids for each in ids):
            return None
        for each in ids:
            text = text.replace(each, self._ids[each])
        return text

    def _learn(self, recorded: Any, now: Any) -> None:
        if isinstance(recorded, dict) and isinstance(now, dict):
            for key, value in recorded.items():
                self._learn(value, now.get(key))
        elif isinstance(recorded, list) and isinstance(now, list):
            for one, other in zip(recorded, now, strict=False):
                self._learn(one, other)
        elif isinstance(recorded, str) and isinstance(now, str) and _ID.fullmatch(recorded):
            self._ids.setdefault(recorded, now)


def _product(id: str, name: str) -> dict[str, Any]:
    facts = {"active": True, "images": [], "livemode": False, "marketing_features": [], "metadata": {}}
    return {"id": id, "object": "product", "name": name, "created": 0, "updated": 0, "type": "service", **facts}


def _once(id: str, product: str, amount: int) -> dict[str, Any]:
    facts = {"active": True, "billing_scheme": "per_unit", "currency": "usd", "livemode": False, "metadata": {}}
    money = {"unit_amount": amount, "unit_amount_decimal": str(amount), "type": "one_time", "recurring": None}
    return {"id": id, "object": "price", "created": 0, "nickname": None, "product": product, **facts, **money}


def _prices(value: Any) -> list[dict[str, Any]]:
    """Return every price that the recordings show."""
    found: dict[str, dict[str, Any]] = {}

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("object") == "price":
                found[value["id"]] = value
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(value)
    return list(found.values())
