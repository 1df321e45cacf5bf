"""Settling an order that was paid otherwise than agreed."""

from app.audit import Act, ActKind, recorded
from app.billing.errors import CannotBeDone
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Order
from app.billing.payments.charges import set_order_state
from app.billing.payments.orders import lock_order
from app.billing.statuses import OrderState
from app.database import utcnow


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
