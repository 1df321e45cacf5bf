"""Subscriptions."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import in_range, list_objects, off_the_clocks
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.api.search import search_objects
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.invoices.discount_ends import drop
from stripe_emulator.engine.subscriptions import cancellation, pausing
from stripe_emulator.engine.subscriptions.ending import OVER
from stripe_emulator.engine.subscriptions.subscription_updates import update_subscription
from stripe_emulator.engine.subscriptions.subscriptions import create_subscription
from stripe_emulator.state.documents import Json

_PATH = "/v1/subscriptions/{subscription_exposed_id}"
_SEARCHABLE = ("created", "metadata", "status")


@operation("POST", "/v1/subscriptions")
def create(request: Request) -> Json:
    """Create a subscription and bill its first period."""
    params = _modern(request.params)
    for name in ("customer", "items"):
        if not params.get(name):
            raise errors.invalid_request(f"Missing required param: {name}.", name, "parameter_missing")
    customer = request.tx.get("customer", params["customer"])
    if customer is None:
        raise errors.invalid_request(f"No such customer: '{params['customer']}'", "customer", "resource_missing")
    return create_subscription(request.tx, customer, params)


@operation("GET", "/v1/subscriptions")
def list_all(request: Request) -> Json:
    """List subscriptions, without those that are over or on a test clock unless they are asked for."""
    params, off_clock = request.params, off_the_clocks(request, "customer", "test_clock")
    filters = {name: params.get(name) for name in ("customer", "collection_method", "test_clock")}
    return list_objects(request, "subscription", filters, where=lambda one: off_clock(one) and _is_wanted(one, params))


@operation("GET", "/v1/subscriptions/search")
def search(request: Request) -> Json:
    """Search subscriptions."""
    return search_objects(request, "subscription", _SEARCHABLE)


@operation("GET", _PATH)
def retrieve(request: Request) -> Json:
    """Return a subscription."""
    return _subscription(request)


@operation("POST", _PATH)
def update(request: Request) -> Json:
    """Change a subscription."""
    return update_subscription(request.tx, _subscription(request), _modern(request.params))


@operation("DELETE", _PATH)
def cancel(request: Request) -> Json:
    """Cancel a subscription now."""
    params = request.params
    return cancellation.cancel_now(
        request.tx,
        _subscription(request),
        prorate=bool(params.get("prorate")),
        invoice_now=bool(params.get("invoice_now")),
        details={key: value or None for key, value in (params.get("cancellation_details") or {}).items()},
    )


@operation("DELETE", _PATH + "/discount")
def delete_discount(request: Request) -> Json:
    """Take the subscription's discounts away."""
    subscription = _subscription(request)
    if not subscription["discounts"]:
        raise errors.invalid_request(f"No active discount for subscription: {subscription['id']}", status=404)
    discount = request.tx.require("discount", subscription["discounts"][0])
    with changing(request.tx, "customer.subscription.updated", subscription):
        drop(request.tx, subscription, list(subscription["discounts"]))
    return {**discount, "deleted": True}


@operation("POST", "/v1/subscriptions/{subscription}/resume")
def resume(request: Request) -> Json:
    """Start a paused subscription again."""
    return pausing.resume_paused(request.tx, _subscription(request), request.params)


@operation("POST", "/v1/subscriptions/{subscription}/pause")
def pause(request: Request) -> Json:
    """Pause a subscription: nothing is billed until it is resumed."""
    return pausing.pause_now(request.tx, _subscription(request), request.params)


@operation("POST", "/v1/subscriptions/{subscription}/migrate")
def migrate(request: Request) -> Json:
    """Go over to flexible billing; there is no way back."""
    return pausing.migrate_to_flexible(request.tx, _subscription(request), request.params)


def _subscription(request: Request) -> Json:
    id = request.path.get("subscription_exposed_id") or request.path["subscription"]
    return request.tx.require("subscription", id)


def _modern(params: Json) -> Json:
    """Return the parameters with the old ones that the CLI sends put into their new places."""
    modern = {key: value for key, value in params.items() if key not in ("coupon", "promotion_code", "prorate")}
    old = {key: params[key] for key in ("coupon", "promotion_code") if params.get(key)}
    if old:
        modern["discounts"] = [old]
    if params.get("prorate") is False:
        modern["proration_behavior"] = "none"
    return modern


def _is_wanted(subscription: Json, params: Json) -> bool:
    status, prices = params.get("status"), {params[name] for name in ("price", "plan") if params.get(name)}
    if status is None:
        wanted = subscription["status"] not in OVER
    elif status == "ended":
        wanted = subscription["status"] in OVER
    else:
        wanted = status in ("all", subscription["status"])
    items = subscription["items"]["data"]
    sold = prices <= {item["price"]["id"] for item in items}
    taxed = (params.get("automatic_tax") or {}).get("enabled")
    ends, starts = items[0]["current_period_end"], items[0]["current_period_start"]
    return (
        wanted
        and sold
        and taxed in (None, subscription["automatic_tax"]["enabled"])
        and in_range(ends, params.get("current_period_end"))
        and in_range(starts, params.get("current_period_start"))
    )
