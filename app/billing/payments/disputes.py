"""Disputes, and what they do to a one-time plan."""

from app.billing.asking import ask
from app.billing.changes import IGNORED, Effect
from app.billing.customers import lock_user
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import ChargeObject, DisputeObject
from app.billing.gateway.read import retrieve
from app.billing.models.payments import Order
from app.billing.payments.charges import disputes_of, is_paid_otherwise, order_of, set_order_state
from app.billing.statuses import DISPUTE_OVER, OrderState, dispute_takes_access
from app.database import db


def record_dispute(dispute: DisputeObject, scope: StripeScope, *, cause: str) -> Effect:
    """Suspend an order for life while its payment is disputed; give it back if won, keep it back if lost.

    Inside `ask_then_lock`; locks the user.
    """
    order = order_of(dispute, scope) or _order_of_charge(dispute, scope)
    if order is None:
        return IGNORED
    user = lock_user(order.user_id) if order.user_id else None
    db.session.refresh(order, with_for_update=True)
    is_over = order.stripe_dispute_id == dispute.id and order.dispute_status in DISPUTE_OVER
    if is_over or is_paid_otherwise(order, dispute.payment_intent):
        return Effect()
    dispute = _deciding_dispute(order, dispute, scope)
    order.stripe_dispute_id, order.dispute_status = dispute.id, dispute.status
    return Effect(changes=set_order_state(order, _state_by_dispute(order), user, scope, cause))


def _deciding_dispute(order: Order, dispute: DisputeObject, scope: StripeScope) -> DisputeObject:
    """The dispute that the order goes by: of several of one payment, one that takes the access.

    Stripe is asked when it may be another one, or before the access is given back.
    """
    charge = dispute.charge
    is_alone = order.stripe_dispute_id in (None, dispute.id) and dispute_takes_access(dispute.status)
    found = [] if is_alone or charge is None else ask(disputes_of, charge, scope)
    return max(found, key=lambda one: dispute_takes_access(one.status), default=dispute)


def _state_by_dispute(order: Order) -> OrderState:
    """The state that the dispute puts the order in; one that is not fulfilled yet is left to its fulfillment."""
    state = OrderState(order.state)
    if state not in (OrderState.FULFILLED, OrderState.DISPUTED):
        return state
    elif dispute_takes_access(order.dispute_status):
        return OrderState.DISPUTED
    else:
        return OrderState.FULFILLED


def _order_of_charge(dispute: DisputeObject, scope: StripeScope) -> Order | None:
    """A dispute names no customer: where its payment is unknown to us, ask for the charge."""
    charge = dispute.charge
    return order_of(ask(retrieve, ChargeObject, charge, scope), scope) if charge else None
