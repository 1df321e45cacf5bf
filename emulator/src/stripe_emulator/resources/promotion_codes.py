"""Promotion codes: what a customer types to get a coupon."""

import re
import secrets
import string

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.changes import changing
from stripe_emulator.resources.fields import carry
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

_CODE = re.compile(r"[A-Za-z0-9-]{1,500}\Z", re.ASCII)


@operation("POST", "/v1/promotion_codes")
def create(request: Request) -> Json:
    """Create a promotion code for a coupon."""
    tx, params = request.tx, request.params
    coupon = tx.require("coupon", _coupon_id(params), "promotion[coupon]")
    if params.get("customer"):
        tx.require("customer", params["customer"], "customer")
    promotion_code: Json = {
        "id": ids.new_id("promotion_code"),
        "object": "promotion_code",
        "active": params.get("active", True),
        "code": _code(tx, params.get("code")),
        "created": tx.now(),
        "customer": params.get("customer"),
        "customer_account": params.get("customer_account"),
        "expires_at": params.get("expires_at"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": {},
        "promotion": {"coupon": coupon["id"], "type": "coupon"},
        "restrictions": {
            "first_time_transaction": False,
            "minimum_amount": None,
            "minimum_amount_currency": None,
            **params.get("restrictions", {}),
        },
        "times_redeemed": 0,
    }
    carry(promotion_code, params, ())
    tx.insert(promotion_code)
    tx.emit("promotion_code.created", promotion_code)
    return promotion_code


@operation("GET", "/v1/promotion_codes")
def list_all(request: Request) -> Json:
    """List promotion codes, of a coupon, a customer or a code if asked."""
    params = request.params
    filters = {name: params.get(name) for name in ("active", "customer")}
    return list_objects(request, "promotion_code", filters=filters, where=lambda one: _is_wanted(one, params))


@operation("GET", "/v1/promotion_codes/{promotion_code}")
def retrieve(request: Request) -> Json:
    """Return a promotion code."""
    return request.tx.require("promotion_code", request.path["promotion_code"])


@operation("POST", "/v1/promotion_codes/{promotion_code}")
def update(request: Request) -> Json:
    """Switch a promotion code on or off, or change its metadata."""
    promotion_code = request.tx.require("promotion_code", request.path["promotion_code"])
    with changing(request.tx, "promotion_code.updated", promotion_code):
        carry(promotion_code, request.params, ("active",))
    return promotion_code


def _coupon_id(params: Json) -> str:
    coupon = params["promotion"].get("coupon")
    if not coupon:
        raise errors.invalid_request(
            "Missing required param: promotion[coupon].", "promotion[coupon]", "parameter_missing"
        )
    return str(coupon)


def _code(tx: Transaction, given: str | None) -> str:
    if given is None:
        return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(8))
    if not _CODE.match(given):
        raise errors.invalid_request("Promotion codes can only contain letters, digits and dashes.", "code")
    if any(one["active"] and one["code"].lower() == given.lower() for one in tx.find("promotion_code")):
        raise errors.invalid_request(f"An active promotion code with `code: {given}` already exists.", "code")
    return given


def _is_wanted(one: Json, params: Json) -> bool:
    right_code = "code" not in params or one["code"].lower() == params["code"].lower()
    return right_code and params.get("coupon", one["promotion"]["coupon"]) == one["promotion"]["coupon"]
