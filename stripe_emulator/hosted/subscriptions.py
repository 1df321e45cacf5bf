"""Looking up a subscription for the customer whose page it is."""

from flask import abort

from stripe_emulator.store import Json, Transaction


def own_subscription(tx: Transaction, customer: str, subscription_id: str) -> Json:
    """Return the customer's own subscription; anybody else's does not exist here."""
    subscription = tx.get("subscription", subscription_id)
    if subscription is None or subscription["customer"] != customer:
        abort(404)
    return subscription
