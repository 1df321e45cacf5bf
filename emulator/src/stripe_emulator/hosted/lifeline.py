"""A subscription as a line: what was charged, today, and what comes; on the dashboard one moves the clock along it."""

from dataclasses import dataclass
from typing import Literal

from stripe_emulator.engine.invoices.invoices import invoices_of
from stripe_emulator.engine.subscriptions.periods import add_intervals
from stripe_emulator.engine.subscriptions.subscription_items import latest_period_end
from stripe_emulator.hosted.money import format_amount
from stripe_emulator.state import clock
from stripe_emulator.state.store import Json, Transaction

SHOWN_CHARGES, SHOWN_RENEWALS = 3, 2
OVER = ("canceled", "incomplete_expired", "incomplete", "paused")

Kind = Literal["paid", "failed", "today", "next", "end"]
KINDS: dict[str, Kind] = {"paid": "paid", "open": "failed", "uncollectible": "failed"}


@dataclass(frozen=True)
class Mark:
    """One moment on the line, in unix time, and what happens there."""

    at: int
    kind: Kind
    words: str

    @property
    def is_ahead(self) -> bool:
        """Whether the clock can be moved there."""
        return self.kind in ("next", "end")


def lifeline(tx: Transaction, subscription: Json) -> list[Mark]:
    """Return a subscription's last charges, today and what comes, in the order of time."""
    now = clock.now(tx, subscription)
    coming = [mark for mark in _coming(subscription) if mark.at > now]
    return [*_charges(tx, subscription), Mark(now, "today", "Today"), *coming]


def until_last_day(tx: Transaction, subscription: Json) -> list[Mark]:
    """Return the line of a subscription as it will be when it is canceled at the end of its period."""
    return lifeline(tx, {**subscription, "cancel_at": latest_period_end(subscription)})


def _charges(tx: Transaction, subscription: Json) -> list[Mark]:
    asked = [each for each in invoices_of(tx, subscription) if each["total"] > 0 and each["attempted"]]
    marks = [
        Mark(each["created"], KINDS[each["status"]], format_amount(each["total"], each["currency"]))
        for each in asked
        if each["status"] in KINDS
    ]
    return sorted(marks, key=lambda mark: mark.at)[-SHOWN_CHARGES:]


def _coming(subscription: Json) -> list[Mark]:
    items = subscription["items"]["data"]
    if subscription["status"] in OVER or not items:
        return []
    first = min(items, key=lambda item: int(item["current_period_end"]))
    last_day = subscription["cancel_at"]
    renewals = [
        add_intervals(first["current_period_end"], first["price"]["recurring"], times)
        for times in range(SHOWN_RENEWALS)
    ]
    marks = [Mark(at, "next", "Renews") for at in renewals if last_day is None or at < last_day]
    if subscription["status"] == "trialing" and marks:
        marks[0] = Mark(marks[0].at, "next", "Trial ends")
    return [*marks, Mark(last_day, "end", "Last day")] if last_day else marks
