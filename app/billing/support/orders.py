"""Settling an order that was paid otherwise than agreed, or for an account that is gone."""

import sqlalchemy as sa

from app.audit import Act, ActKind, recorded
from app.auth.models import User
from app.billing.customers import lock_user
from app.billing.errors import CannotBeDone
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Order, Payment
from app.billing.payments.charges import set_order_state
from app.billing.payments.orders import lock_order
from app.billing.statuses import OrderState
from app.database import db, utcnow


def fulfill_in_spite(order: Order, scope: StripeScope, *, actor: str, reason: str = "") -> None:
    """Give what a mismatched order was for, as if it had been paid as agreed. Commits.

    Raises `CannotBeDone` for an order in another state, or of somebody whose account is gone.
    """
    with recorded(Act(ActKind.FULFILL, actor, order.user_id, f"order {order.id}", reason)) as act:
        locked, user = lock_order(order)
        if locked is None or locked.state != OrderState.MISMATCHED:
            raise CannotBeDone("Only an order that was paid otherwise than agreed has to be settled.")
        if user is None:
            raise CannotBeDone("Its account is gone: refund it.")
        locked.fulfilled_at = utcnow()
        act.changes = set_order_state(locked, OrderState.FULFILLED, user, scope, f"fulfilled by {actor}")


def attach_order(order: Order, user: User, scope: StripeScope, *, actor: str, reason: str = "") -> None:
    """Give a mismatched order whose account is gone to another account, with its payment, and fulfill it. Commits.

    Raises `CannotBeDone` for an order in another state, one that has an account, and a subscription's: that ended with
    its account.
    """
    with recorded(Act(ActKind.ATTACH, actor, user.id, f"order {order.id}", reason)) as act:
        owner = lock_user(user.id)
        locked = db.session.get(Order, order.id, populate_existing=True, with_for_update=True)
        if owner is None or locked is None or locked.state != OrderState.MISMATCHED:
            raise CannotBeDone("Only an order that was paid and could not be fulfilled has to be settled.")
        if locked.user_id is not None:
            raise CannotBeDone("It belongs to an account already: fulfill it, or refund it.")
        if locked.interval is not None:
            raise CannotBeDone("Its subscription ended with its account: refund it.")
        locked.user_id, locked.fulfilled_at = owner.id, utcnow()
        db.session.execute(sa.update(Payment).where(Payment.order_id == locked.id).values(user_id=owner.id))
        act.changes = set_order_state(locked, OrderState.FULFILLED, owner, scope, f"attached by {actor}")
