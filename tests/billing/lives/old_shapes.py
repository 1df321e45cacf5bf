"""The shapes of older API versions, made from today's: what an endpoint of another version would be sent."""

from copy import deepcopy
from typing import Any

Json = dict[str, Any]
VERSIONS = ("2022-11-15", "2023-10-16", "2024-06-20", "2024-09-30.acacia", "2025-03-31.basil", "2025-09-30.clover")


def downgraded(event: Json, version: str) -> Json:
    """The same event as an endpoint of this API version gets it."""
    old = deepcopy(event) | {"api_version": version}
    if version < "2025-03-31":
        _before_basil(old["data"]["object"])
    return old


def _before_basil(stripe_object: Json) -> None:
    kind = stripe_object["object"]
    if kind == "subscription":
        item = stripe_object["items"]["data"][0]
        for name in ("current_period_start", "current_period_end"):
            stripe_object[name] = item.pop(name)
        stripe_object["plan"] = {"id": item["price"]["id"], "object": "plan"}
        stripe_object.pop("billing_mode", None)
    elif kind == "invoice":
        parent = stripe_object.pop("parent", None) or {}
        details = parent.get("subscription_details") or {}
        stripe_object["subscription"] = details.get("subscription")
        stripe_object["paid"] = stripe_object["status"] == "paid"
        stripe_object["charge"] = stripe_object["payment_intent"] = None
    elif kind == "charge":
        stripe_object["invoice"] = None
