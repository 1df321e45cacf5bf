"""Coupons."""

from stripe_emulator.api import errors
from stripe_emulator.api.currencies import check_currency
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.changes import changing
from stripe_emulator.resources.fields import carry, deleted
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json


@operation("POST", "/v1/coupons")
def create(request: Request) -> Json:
    """Create a coupon."""
    tx, params = request.tx, request.params
    _check(params)
    id = params.get("id") or ids.new_id("coupon")
    if tx.get("coupon", id):
        raise errors.invalid_request("Coupon already exists.", "id", "resource_already_exists")
    percent = params.get("percent_off")
    coupon: Json = {
        "id": id,
        "object": "coupon",
        "amount_off": params.get("amount_off"),
        "created": tx.now(),
        "currency": check_currency(params["currency"]) if "amount_off" in params else None,
        "duration": params.get("duration", "once"),
        "duration_in_months": params.get("duration_in_months"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": {},
        "name": None,
        "percent_off": int(percent) if percent is not None and percent == int(percent) else percent,
        "redeem_by": params.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    carry(coupon, params, ("name",))
    if "applies_to" in params:
        tx.set_hidden("coupon", id, {"applies_to": params["applies_to"]})
    tx.insert(coupon)
    tx.emit("coupon.created", coupon)
    return coupon


@operation("GET", "/v1/coupons")
def list_all(request: Request) -> Json:
    """List coupons."""
    return list_objects(request, "coupon")


@operation("GET", "/v1/coupons/{coupon}")
def retrieve(request: Request) -> Json:
    """Return a coupon."""
    return request.tx.require("coupon", request.path["coupon"])


@operation("POST", "/v1/coupons/{coupon}")
def update(request: Request) -> Json:
    """Change a coupon's name or metadata."""
    coupon = request.tx.require("coupon", request.path["coupon"])
    with changing(request.tx, "coupon.updated", coupon):
        carry(coupon, request.params, ("name",))
    return coupon


@operation("DELETE", "/v1/coupons/{coupon}")
def delete(request: Request) -> Json:
    """Delete a coupon; discounts already given stay."""
    coupon = request.tx.require("coupon", request.path["coupon"])
    request.tx.delete("coupon", coupon["id"])
    request.tx.emit("coupon.deleted", {**coupon, "valid": False})
    return deleted("coupon", coupon["id"])


def _check(params: Json) -> None:
    percent, amount = params.get("percent_off"), params.get("amount_off")
    if percent is None and amount is None:
        raise errors.invalid_request(
            "Must provide percent_off or amount_off for a coupon.", "percent_off", "parameter_missing"
        )
    if percent is not None and amount is not None:
        raise errors.invalid_request(
            "You may only specify one of these parameters: amount_off, percent_off.", "percent_off"
        )
    if percent is not None and not 0 < percent <= 100:
        raise errors.invalid_request("Invalid percentage: it must be greater than 0 and at most 100.", "percent_off")
    if amount is not None and amount < 1:
        raise errors.invalid_request(
            "This value must be greater than or equal to 1.", "amount_off", "parameter_invalid_integer"
        )
    if amount is not None and "currency" not in params:
        raise errors.invalid_request("Must provide currency with amount_off.", "currency", "parameter_missing")
    if (params.get("duration") == "repeating") != ("duration_in_months" in params):
        raise errors.invalid_request(
            "You must pass duration_in_months if, and only if, the duration is repeating.",
            "duration_in_months",
        )
    for name in ("duration_in_months", "max_redemptions"):
        if params.get(name, 1) < 1:
            raise errors.invalid_request(
                "This value must be greater than or equal to 1.", name, "parameter_invalid_integer"
            )
