"""Disputes: kept with their payment, told to the operator, and what they do to a one-time plan."""

from app.billing.asking import ask
from app.billing.changes import IGNORED, Changes, Effect
from app.billing.customers import lock_user
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import ChargeObject, DisputeObject
from app.billing.gateway.read import retrieve
from app.billing.models.payments import Order, Payment
from app.billing.payments.charges import disputes_of, is_paid_otherwise, order_of, set_order_state
from app.billing.payments.one_time import payment_of
from app.billing.payments.refunds import invoice_payment_of
from app.billing.statuses import DISPUTE_OVER, OrderState, dispute_takes_access
from app.database import db
from app.mail.alerts import end_alert, raise_alert

# What alerts about a dispute begin with.
DISPUTED = "dispute:"


def record_dispute(dispute: DisputeObject, scope: StripeScope, *, cause: str) -> Effect:
    """Keep a dispute with the payment that it is about, and tell the operator until it is decided.

    An order for life is suspended meanwhile, given back if the dispute is won, and kept back if it is lost. Inside
    `ask_then_lock`; locks the user.
    """
    order = order_of(dispute, scope) or _order_of_charge(dispute, scope)
    payment = payment_of(dispute.payment_intent)
    if order is None and payment is None and dispute.payment_intent:
        payment = invoice_payment_of(dispute.payment_intent, scope)
    if order is None and payment is None:
        return IGNORED
    is_decided = _is_decided(order, dispute) or _is_decided(payment, dispute)
    changes = _suspend(order, dispute, scope, cause) if order else {}
    if payment and not is_decided:
        changes |= _keep(payment, dispute)
    _tell(dispute, is_decided=is_decided)
    return Effect(changes=changes)


def _is_decided(kept: Order | Payment | None, dispute: DisputeObject) -> bool:
    """Whether the end of this dispute is known already, so that what comes now comes late."""
    return kept is not None and kept.stripe_dispute_id == dispute.id and kept.dispute_status in DISPUTE_OVER


def _suspend(order: Order, dispute: DisputeObject, scope: StripeScope, cause: str) -> Changes:
    user = lock_user(order.user_id) if order.user_id else None
    db.session.refresh(order, with_for_update=True)
    if _is_decided(order, dispute) or is_paid_otherwise(order, dispute.payment_intent):
        return {}
    deciding = _deciding_dispute(order, dispute, scope)
    order.stripe_dispute_id, order.dispute_status = deciding.id, deciding.status
    return set_order_state(order, _state_by_dispute(order), user, scope, cause)


def _keep(payment: Payment, dispute: DisputeObject) -> Changes:
    """Write it on the payment's row, unless another one holds the money."""
    if payment.user_id:
        lock_user(payment.user_id)
    db.session.flush()
    db.session.refresh(payment, with_for_update=True)
    is_another = payment.stripe_dispute_id not in (None, dispute.id)
    if is_another and dispute_takes_access(payment.dispute_status) and not dispute_takes_access(dispute.status):
        return {}
    before, after = payment.dispute_status, dispute.status
    payment.stripe_dispute_id, payment.dispute_status = dispute.id, after
    payment.amount_disputed = dispute.amount
    payment.dispute_due_by, payment.dispute_reason = dispute.evidence_details.due_by, dispute.reason
    return {dispute.id: {"before": {"status": before}, "after": {"status": after}}} if before != after else {}


def _tell(dispute: DisputeObject, *, is_decided: bool) -> None:
    alert = f"{DISPUTED}{dispute.id}"
    if dispute.status in DISPUTE_OVER:
        end_alert(alert)
    elif not is_decided:
        raise_alert(alert, f"A payment is disputed: answer {dispute.id} in Stripe's dashboard before its deadline.")


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
