"""Subscription items, on their own."""

from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_of
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.subscriptions.subscription_updates import update_subscription
from stripe_emulator.resources.fields import deleted
from stripe_emulator.state.documents import Json

_OF_UPDATE = ("payment_behavior", "proration_behavior", "proration_date")


@operation("POST", "/v1/subscription_items")
def create(request: Request) -> Json:
    """Add an item to a subscription."""
    subscription = request.tx.require("subscription", request.params["subscription"], "subscription")
    before = {item["id"] for item in subscription["items"]["data"]}
    updated = _update(request, subscription, {})
    return next(item for item in updated["items"]["data"] if item["id"] not in before)


@operation("GET", "/v1/subscription_items")
def list_all(request: Request) -> Json:
    """List a subscription's items."""
    subscription = request.tx.require("subscription", request.params["subscription"], "subscription")
    return list_of(request, subscription["items"]["data"])


@operation("GET", "/v1/subscription_items/{item}")
def retrieve(request: Request) -> Json:
    """Return an item."""
    return _find(request)[1]


@operation("POST", "/v1/subscription_items/{item}")
def update(request: Request) -> Json:
    """Change an item's price or quantity."""
    subscription, item = _find(request)
    updated = _update(request, subscription, {"id": item["id"]})
    return next(each for each in updated["items"]["data"] if each["id"] == item["id"])


@operation("DELETE", "/v1/subscription_items/{item}")
def delete(request: Request) -> Json:
    """Take an item off its subscription."""
    subscription, item = _find(request)
    _update(request, subscription, {"id": item["id"], "deleted": True})
    return deleted("subscription_item", item["id"])


def _find(request: Request) -> tuple[Json, Json]:
    id = request.path["item"]
    subscription = request.tx.get("subscription", request.tx.hidden("subscription_item", id).get("subscription", ""))
    item = next(
        (each for each in (subscription or {"items": {"data": []}})["items"]["data"] if each["id"] == id),
        None,
    )
    if subscription is None or item is None:
        raise errors.resource_missing("subscription_item", id)
    return subscription, item


def _update(request: Request, subscription: Json, entry: Json) -> Json:
    shared: dict[str, Any] = {key: request.params[key] for key in _OF_UPDATE if key in request.params}
    own = {key: value for key, value in request.params.items() if key not in (*_OF_UPDATE, "subscription", "expand")}
    return update_subscription(request.tx, subscription, {"items": [{**own, **entry}], **shared})
