"""Who used which code: noted as orders are paid, and as Stripe tells of discounts."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.billing.customers import owner_of
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import NO_METADATA, CheckoutSessionObject, DiscountObject
from app.billing.models.payments import Order
from app.billing.models.subscription import Subscription
from app.billing.models.used import UsedCode
from app.database import db, insert


def note_codes_of(session: CheckoutSessionObject, order: Order, scope: StripeScope) -> None:
    """Note what was typed into the Checkout of an order that is paid. In the caller's transaction."""
    used_for = (session.subscription if order.interval else None) or session.id
    for discount in session.discounts or []:
        if code := discount.promotion_code or discount.coupon:
            _note(code, used_for, scope, user_id=order.user_id, plan_key=order.plan_key, used_at=session.created)


def note_discount(discount: DiscountObject, scope: StripeScope, at: datetime) -> bool:
    """Note a discount that Stripe tells of; whether it is one of ours. In the caller's transaction."""
    user_id = owner_of(discount.customer, NO_METADATA, scope)
    code = discount.promotion_code or discount.coupon
    used_for = discount.subscription or discount.checkout_session or discount.customer
    if user_id is None or code is None or used_for is None:
        return False
    _note(code, used_for, scope, user_id=user_id, plan_key=None, used_at=discount.start or at)
    return True


def uses_of(code_id: str, scope: StripeScope) -> sa.Select[UsedCode]:
    """Every use of a promotion code, or of a coupon without one."""
    return sa.select(UsedCode).where(scope.covers(UsedCode), UsedCode.code_id == code_id)


def plans_of(uses: list[UsedCode]) -> dict[str, str | None]:
    """Which plan each use was for, by what it was used for; that of the subscription today, where it was for one."""
    ids = [use.used_for for use in uses]
    known = sa.select(Subscription.stripe_subscription_id, Subscription.plan_key)
    found = db.session.execute(known.where(Subscription.stripe_subscription_id.in_(ids)))
    return {use.used_for: use.plan_key for use in uses} | {row.stripe_subscription_id: row.plan_key for row in found}


def _note(code_id: str, used_for: str, scope: StripeScope, **values: Any) -> None:
    # The session and the discount's own event tell of the same use, in any order.
    where = {"stripe_account": scope.stripe_account, "livemode": scope.livemode}
    new = insert(UsedCode).values(code_id=code_id, used_for=used_for, **where, **values)
    db.session.execute(new.on_conflict_do_nothing())
