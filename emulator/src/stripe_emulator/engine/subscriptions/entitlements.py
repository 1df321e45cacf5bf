"""Entitlements: the features that a customer's running subscriptions give, told in one summary."""

from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.transaction import Transaction

ENTITLING = ("trialing", "active", "past_due")
SHOWN = 10


def sync_entitlements(tx: Transaction, customer_id: str) -> None:
    """Bring the customer's active entitlements up to date and emit the summary if they changed."""
    current = {each["feature"]: each for each in entitlements_of(tx, customer_id)}
    wanted = _features(tx, customer_id)
    if set(current) == set(wanted):
        return
    for feature_id in set(current) - set(wanted):
        tx.delete("entitlements.active_entitlement", current[feature_id]["id"])
    for feature_id in sorted(set(wanted) - set(current)):
        _grant(tx, customer_id, wanted[feature_id])
    _emit_summary(tx, customer_id)


def entitlements_of(tx: Transaction, customer_id: str) -> list[Json]:
    """Return the customer's active entitlements, newest first."""
    held = tx.hidden("customer", customer_id).get("entitlements", [])
    found = (tx.get("entitlements.active_entitlement", each) for each in reversed(held))
    return [each for each in found if each]


def _features(tx: Transaction, customer_id: str) -> dict[str, Json]:
    products = {
        id_of(item["price"]["product"])
        for subscription in tx.find("subscription", customer=customer_id)
        if subscription["status"] in ENTITLING
        for item in subscription["items"]["data"]
    }
    attached = (each for product in sorted(products) for each in features_of(tx, product))
    return {each["entitlement_feature"]["id"]: each["entitlement_feature"] for each in attached}


def features_of(tx: Transaction, product_id: str) -> list[Json]:
    """Return the features attached to a product."""
    return [
        each
        for each in tx.find("product_feature")
        if tx.hidden("product_feature", each["id"]).get("product") == product_id
    ]


def _grant(tx: Transaction, customer_id: str, feature: Json) -> None:
    entitlement: Json = {
        "id": ids.new_id("entitlements.active_entitlement"),
        "object": "entitlements.active_entitlement",
        "feature": feature["id"],
        "livemode": False,
        "lookup_key": feature["lookup_key"],
    }
    tx.insert(entitlement)
    tx.set_hidden("entitlements.active_entitlement", entitlement["id"], {"customer": customer_id})
    hidden = tx.hidden("customer", customer_id)
    tx.set_hidden(
        "customer",
        customer_id,
        {**hidden, "entitlements": [*hidden.get("entitlements", []), entitlement["id"]]},
    )


def _emit_summary(tx: Transaction, customer_id: str) -> None:
    active = entitlements_of(tx, customer_id)
    summary: Json = {
        "object": "entitlements.active_entitlement_summary",
        "customer": customer_id,
        "entitlements": {
            "object": "list",
            "data": active[:SHOWN],
            "has_more": len(active) > SHOWN,
            "url": f"/v1/customer/{customer_id}/entitlements",
        },
        "livemode": False,
    }
    tx.emit("entitlements.active_entitlement_summary.updated", summary)
