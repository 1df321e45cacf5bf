"""A customer's own subscription, and letting go of what was planned for it."""

from flask import abort

from stripe_emulator.hosted.operations import call
from stripe_emulator.state.store import Json, Transaction


def own_subscription(tx: Transaction, customer: str, subscription_id: str) -> Json:
    """Return the customer's own subscription; anybody else's does not exist here."""
    subscription = tx.get("subscription", subscription_id)
    if subscription is None or subscription["customer"] != customer:
        abort(404)
    return subscription


def release_schedule(tx: Transaction, subscription: Json) -> None:
    """Let go of a change that was planned for later: a scheduled subscription cannot be changed otherwise."""
    if subscription["schedule"]:
        call(tx, "POST", f"/v1/subscription_schedules/{subscription['schedule']}/release", {})
