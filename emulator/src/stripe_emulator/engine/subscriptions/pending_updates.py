"""Pending updates: a change of subscription that takes effect once its invoice is paid."""

from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.settings import HOUR
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

EXPIRES_SECONDS = 23 * HOUR


def apply_if_paid(tx: Transaction, subscription: Json, invoice: Json) -> None:
    """Make the change that waited for this invoice."""
    waiting = tx.hidden("subscription", subscription["id"]).get("pending_update") or {}
    if subscription["pending_update"] is None or waiting.get("invoice") != invoice["id"]:
        return
    with changing(tx, "customer.subscription.updated", subscription):
        subscription["items"]["data"] = waiting["items"]
        subscription["pending_update"] = None
    tx.emit("customer.subscription.pending_update_applied", subscription)
    timers.clear_timer(tx, "expire_pending_update", subscription["id"])


def hold(tx: Transaction, subscription: Json, items: list[Json], invoice: Json) -> None:
    """Keep a change of items until its invoice is paid, for 23 hours at most."""
    expires_at = tx.now(subscription) + EXPIRES_SECONDS
    with changing(tx, "customer.subscription.updated", subscription):
        subscription["pending_update"] = {
            "billing_cycle_anchor": None,
            "expires_at": expires_at,
            "subscription_items": items,
            "trial_end": None,
            "trial_from_plan": None,
        }
    hidden = tx.hidden("subscription", subscription["id"])
    tx.set_hidden(
        "subscription",
        subscription["id"],
        {**hidden, "pending_update": {"items": items, "invoice": invoice["id"]}},
    )
    timers.set_timer(tx, "expire_pending_update", subscription["id"], expires_at, subscription["test_clock"])


def expire(tx: Transaction, subscription: Json) -> None:
    """Drop a change whose invoice was not paid in time."""
    if subscription["pending_update"] is not None:
        with changing(tx, "customer.subscription.updated", subscription):
            subscription["pending_update"] = None
        tx.emit("customer.subscription.pending_update_expired", subscription)
