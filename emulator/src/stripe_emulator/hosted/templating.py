"""Filters and globals that templates share."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask

from stripe_emulator.hosted import money
from stripe_emulator.hosted.card_form import group
from stripe_emulator.hosted.lifeline import Mark
from stripe_emulator.hosted.links import safe_address
from stripe_emulator.state.store import Json

TONES = {
    "active": "good",
    "complete": "good",
    "enabled": "good",
    "paid": "good",
    "succeeded": "good",
    "delivered": "good",
    "won": "good",
    "trialing": "accent",
    "open": "accent",
    "pending": "warn",
    "processing": "warn",
    "incomplete": "warn",
    "past_due": "danger",
    "unpaid": "danger",
    "failed": "danger",
    "lost": "danger",
    "uncollectible": "danger",
    "needs_response": "warn",
    "requires_action": "warn",
    "requires_payment_method": "warn",
}


def init_app(app: Flask) -> None:
    """Register the filters, and addresses of static files that change with their content."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {
        "amount": money.format_amount,
        "price": money.format_price,
        "interval": money.format_interval,
        "day": format_day,
        "short_day": format_short_day,
        "this_year": year_of_today,
        "moment": format_moment,
        "row_moment": format_row_moment,
        "iso": format_iso,
        "words": in_words,
        "tone": tone,
        "pretty": pretty,
        "safe_address": safe_address,
        "brand": format_brand,
        "local": local,
        "card_number": group,
    }
    static = Path(str(app.static_folder))

    @app.url_defaults
    def stamp(endpoint: str, values: Json) -> None:
        if endpoint == "static" and (static / str(values.get("filename"))).is_file():
            values["v"] = int((static / values["filename"]).stat().st_mtime)


def format_day(timestamp: float | None) -> str:
    """Write a date: `20 December 2026`."""
    return "" if timestamp is None else f"{_at(timestamp):%-d %B %Y}"


def format_short_day(timestamp: float, year: int | None = None) -> str:
    """Write a date where there is little room: `20 Dec`, or `20 Dec 2027` where that is another year than this."""
    at = _at(timestamp)
    return f"{at:%-d %b}" if year in (None, at.year) else f"{at:%-d %b %Y}"


def year_of_today(marks: Sequence[Mark]) -> int:
    """The year that goes without saying under a line: the one that its clock shows."""
    return next(_at(mark.at).year for mark in marks if mark.kind == "today")


def format_moment(timestamp: float | None) -> str:
    """Write a date and time to the second."""
    return f"{written} UTC" if (written := format_row_moment(timestamp)) else ""


def format_row_moment(timestamp: float | None) -> str:
    """Write it in a table, whose head says that its times are UTC."""
    return "" if timestamp is None else f"{_at(timestamp):%-d %b %Y, %H:%M:%S}"


def format_iso(timestamp: float) -> str:
    """Write a moment for a `datetime` attribute."""
    return f"{_at(timestamp):%Y-%m-%dT%H:%M:%SZ}"


def in_words(status: str | None) -> str:
    """Write one of Stripe's status names as words: `past_due` becomes `Past due`."""
    return (status or "").replace("_", " ").replace(".", " ").capitalize()


def tone(status: str | None) -> str:
    """Return the badge tone of a status; its word is always shown too."""
    return TONES.get(status or "", "plain")


def pretty(value: object) -> str:
    """Write an object as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def format_brand(method: Json) -> str:
    """Name a payment method: `Visa ending in 4242`."""
    kind = method["type"]
    details = method.get(kind) or {}
    label = {"visa": "Visa", "amex": "American Express", "unionpay": "UnionPay", "jcb": "JCB"}
    if kind == "card":
        name = label.get(details["brand"], str(details["brand"]).capitalize())
    elif kind == "sepa_debit":
        name = "SEPA debit"
    else:
        name = in_words(kind)
    return f"{name} ending in {details['last4']}" if details.get("last4") else name


def local(url: str | None) -> str:
    """Return one of our own addresses without its host, so it opens wherever the emulator is reached."""
    parts = urlsplit(url or "")
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _at(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
