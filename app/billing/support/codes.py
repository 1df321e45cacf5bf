"""Promotion codes: made, listed and switched off at Stripe, which keeps them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.audit import Act, ActKind, recorded
from app.billing.errors import CannotBeDone, StripeObjectMissing, StripeRefused
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.code_objects import PromotionCodeObject
from app.billing.gateway.read import list_page, retrieve
from app.database import end_transaction

ONCE, REPEATING, FOREVER = "once", "repeating", "forever"
# With it the list says what a code takes off: https://docs.stripe.com/api/promotion_codes/object
COUPON = "promotion.coupon"


@dataclass(frozen=True)
class NewCode:
    """What a code shall take off, for how long, and for whom. `amount_off` is in minor units; times are UTC.

    `token` names the attempt: the same one made twice, as after a time-out, makes one code.
    """

    code: str
    token: str
    percent_off: float | None = None
    amount_off: int | None = None
    currency: str | None = None
    duration: str = ONCE
    months: int | None = None
    max_redemptions: int | None = None
    expires_at: datetime | None = None
    is_for_new_customers: bool = False


def list_codes(scope: StripeScope) -> list[PromotionCodeObject]:
    """The latest hundred codes with what they take off, newest first; raises `StripeUnavailable`."""
    end_transaction()
    return list_page(PromotionCodeObject, scope, expand=[f"data.{COUPON}"])


def find_code(code_id: str, scope: StripeScope) -> PromotionCodeObject:
    """One code; raises `StripeObjectMissing`, `StripeUnavailable`."""
    end_transaction()
    return retrieve(PromotionCodeObject, code_id, scope, expand=[COUPON])


def make_code(new: NewCode, scope: StripeScope, *, actor: str) -> PromotionCodeObject:
    """Make a coupon and the code that gives it. Commits; raises `CannotBeDone` for what Stripe refuses.

    A coupon whose code was refused is taken back. Raises `StripeUnavailable` when Stripe cannot be asked; doing it
    again with the same token finishes what was begun.
    """
    end_transaction()
    with recorded(Act(ActKind.MAKE_CODE, actor, subject=new.code)) as act:
        coupon = _create("coupons", _coupon(new), scope, f"coupon-{new.token}")["id"]
        try:
            params = _promotion_code(new, coupon)
            made = PromotionCodeObject.read(_create("promotion_codes", params, scope, f"code-{new.token}"))
        except CannotBeDone:
            with get_gateway().errors():
                get_gateway().v1.coupons.delete(coupon, {}, scope.options())
            raise
        act.subject, act.changes = made.id, {"code": {"before": None, "after": new.code}}
    return made


def switch_code(code_id: str, is_active: bool, scope: StripeScope, *, actor: str) -> None:
    """Let a code be used, or not any more; who has used it keeps it. Commits.

    Raises `CannotBeDone` for what Stripe refuses, such as one that has expired, and `StripeUnavailable`.
    """
    end_transaction()
    with recorded(Act(ActKind.SWITCH_CODE, actor, subject=code_id)) as act:
        try:
            with get_gateway().errors():
                get_gateway().v1.promotion_codes.update(code_id, {"active": is_active}, scope.options())
        except (StripeRefused, StripeObjectMissing) as refusal:
            raise CannotBeDone(f"Stripe refuses: {refusal}") from refusal
        act.changes = {"active": {"before": not is_active, "after": is_active}}


def _coupon(new: NewCode) -> dict[str, Any]:
    """https://docs.stripe.com/api/coupons/create"""
    amount = {"amount_off": new.amount_off, "currency": new.currency} if new.amount_off else {}
    percent = {"percent_off": new.percent_off} if new.percent_off else {}
    months = {"duration_in_months": new.months} if new.duration == REPEATING else {}
    return {"name": new.code[:40], "duration": new.duration} | amount | percent | months


def _promotion_code(new: NewCode, coupon: str) -> dict[str, Any]:
    """https://docs.stripe.com/api/promotion_codes/create: since 2025 the coupon is named inside `promotion`."""
    params: dict[str, Any] = {"promotion": {"type": "coupon", "coupon": coupon}, "code": new.code}
    if new.max_redemptions:
        params["max_redemptions"] = new.max_redemptions
    if new.expires_at:
        params["expires_at"] = int(new.expires_at.timestamp())
    if new.is_for_new_customers:
        params["restrictions"] = {"first_time_transaction": True}
    return params


def _create(service: str, params: dict[str, Any], scope: StripeScope, key: str) -> dict[str, Any]:
    try:
        with get_gateway().errors():
            made = getattr(get_gateway().v1, service).create(params, scope.options(key)).to_dict()
    except StripeRefused as refusal:
        raise CannotBeDone(f"Stripe refuses: {refusal}") from refusal
    return dict(made)
