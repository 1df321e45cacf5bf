"""Signed events as Stripe delivers them, built ahead of the measurement so that only sending is timed."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path

from app.billing.catalog.plans import Interval
from app.catalog import CATALOG
from benchmarks.site import PERIOD, SNAPSHOT_AT, WEBHOOK_SECRET, user_id

PATH = "/webhooks/stripe"
_MONTHLY = [price for price in CATALOG.prices if price.interval == Interval.MONTH]
PRICES = [(f"price_bench_{price.plan_key}", price.lookup_key, price.amount) for price in (_MONTHLY[0], _MONTHLY[-1])]
# As the emulator made it, with what Stripe sends beside the object; the pinned API version.
_RECORDED = json.loads(Path(__file__).with_name("subscription_updated.json").read_text())


class SubscriptionEvents:
    """`customer.subscription.updated` for known subscriptions in turn: each newer than all before it.

    Every event moves the period, and with it the end of the role; every tenth one changes the plan as well.
    """

    def __init__(self, people: int) -> None:
        self.people = people
        self.number = 0

    def take(self, count: int) -> Iterator[bytes]:
        """The next so many requests."""
        return iter([request(self._body()) for _ in range(count)])

    def _body(self) -> bytes:
        self.number += 1
        visit, number = divmod(self.number, self.people)
        changes_of_plan = (visit + 1 + number % 10) // 10
        price_id, lookup_key, amount = PRICES[0 if changes_of_plan % 2 else -1]
        created = int(SNAPSHOT_AT.timestamp()) + self.number
        replacements = {
            "@event": f"evt_bench{self.number:016d}",
            "@customer": f"cus_bench{number:09d}",
            "@item": f"si_bench{number:09d}",
            "@invoice": f"in_{self.number:024d}",
            "@subscription": f"sub_bench{number:015d}",
            "@user": str(user_id(number)),
            "@price": price_id,
            "@lookup_key": lookup_key,
            '"@amount"': str(amount),
            '"@created"': str(created),
            '"@start"': str(created),
            '"@end"': str(created + 2 * int(PERIOD.total_seconds())),
        }
        body = _TEMPLATE
        for placeholder, value in replacements.items():
            body = body.replace(placeholder, value)
        return body.encode()


def request(body: bytes, secret: str = WEBHOOK_SECRET) -> bytes:
    """The delivery of this body, signed now."""
    at = int(time.time())
    signature = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n"
        f"Accept: */*; q=0.5, application/xml\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Stripe-Signature: t={at},v1={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def wrongly_signed() -> bytes:
    """A delivery that somebody else signed."""
    return request(next(SubscriptionEvents(1).take(1)).partition(b"\r\n\r\n")[2], "whsec_of_somebody_else")


def _template() -> str:
    event = json.loads(json.dumps(_RECORDED))
    subscription = event["data"]["object"]
    item = subscription["items"]["data"][0]
    event |= {"id": "@event", "created": "@created"}
    subscription |= {"id": "@subscription", "customer": "@customer", "latest_invoice": "@invoice"}
    subscription["metadata"]["userId"] = "@user"
    item |= {"id": "@item", "subscription": "@subscription"}
    item |= {"current_period_start": "@start", "current_period_end": "@end"}
    item["price"] |= {"id": "@price", "lookup_key": "@lookup_key", "unit_amount": "@amount"}
    return json.dumps(event, indent=2)


_TEMPLATE = _template()
