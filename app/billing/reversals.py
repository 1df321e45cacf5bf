"""Money that goes back: refunds and disputes, and what they do to an order for life."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app.auth.models import User
from app.billing.accounts import Home
from app.billing.customers import owner_of
from app.billing.effects import IGNORED, Changes, Effect
from app.billing.gateway import get_gateway
from app.billing.models import Order, Payment, Subscription
from app.billing.orders import order_change, order_in_metadata, order_sold_by_link
from app.billing.payments import lock_invoice_owner, payment_of, record_order_payment, save_invoice, was_ours
from app.billing.payments_at_stripe import disputes_of
from app.billing.roles import lock_user, role_changes
from app.billing.snapshots import id_of
from app.billing.statuses import DISPUTE_OVER, OrderState, PaymentStatus, dispute_takes_access
from app.database import db


def record_refund(charge: Mapping[str, Any], home: Home, *, cause: str) -> Effect:
    """Record what of a charge was refunded; a full refund takes an order for life back, a partial one does not.

    Nor does the refund of one of two payments for the same order: the other still pays for it.
    """
    order = _order_of(charge)
    if order is None:
        return _refund_invoice(charge, home)
    user = lock_user(order.user_id) if order.user_id else None
    db.session.refresh(order, with_for_update=True)
    intent = id_of(charge.get("payment_intent"))
    payment = record_order_payment(order, intent, charge["amount"], charge["created"], charge.get("currency"))
    order.stripe_payment_intent_id = order.stripe_payment_intent_id or intent
    changes = _save_refund(payment, charge)
    if charge["refunded"] and not _is_paid_otherwise(order, intent):
        changes |= _move(order, OrderState.REFUNDED, user, home, cause)
    return Effect(changes=changes)


def record_dispute(dispute: Mapping[str, Any], home: Home, *, cause: str) -> Effect:
    """Suspend an order for life while its payment is disputed; give it back if won, keep it back if lost."""
    order = _order_of(dispute) or _order_of_charge(dispute, home)
    if order is None:
        return IGNORED
    user = lock_user(order.user_id) if order.user_id else None
    db.session.refresh(order, with_for_update=True)
    is_over = order.stripe_dispute_id == dispute.get("id") and order.dispute_status in DISPUTE_OVER
    if is_over or _is_paid_otherwise(order, id_of(dispute.get("payment_intent"))):
        return Effect()
    dispute = _that_decides(order, dispute)
    order.stripe_dispute_id, order.dispute_status = dispute["id"], dispute["status"]
    return Effect(changes=_move(order, _state_by_dispute(order), user, home, cause))


def known_order(stripe_object: Mapping[str, Any]) -> Order | None:
    """The order that a charge or dispute belongs to: by its PaymentIntent, or by what we wrote into metadata."""
    intent = id_of(stripe_object.get("payment_intent"))
    query = sa.select(Order).where(Order.stripe_payment_intent_id == intent)
    order = db.session.scalar(query) if intent else None
    if order is None and (payment := payment_of(intent)):
        order = db.session.get(Order, payment.order_id) if payment.order_id else None
    if order is None and (order_id := order_in_metadata(stripe_object)):
        order = db.session.scalar(sa.select(Order).where(Order.id == order_id, Order.interval.is_(None)))
    return order


def _that_decides(order: Order, dispute: Mapping[str, Any]) -> Mapping[str, Any]:
    """The dispute that the order goes by: of several of one payment, one that takes the access.

    Stripe is asked when it may be another one, or before the access is given back.
    """
    charge = id_of(dispute.get("charge"))
    is_alone = order.stripe_dispute_id in (None, dispute["id"]) and dispute_takes_access(dispute["status"])
    found = [] if is_alone or charge is None else disputes_of(charge)
    return max(found, key=lambda one: dispute_takes_access(one["status"]), default=dispute)


def _is_paid_otherwise(order: Order, intent: str | None) -> bool:
    """Whether another payment than this one, which nobody has refunded, pays for the order."""
    query = sa.select(Payment.id).where(
        Payment.order_id == order.id,
        Payment.stripe_payment_intent_id != intent,
        Payment.amount_refunded < Payment.amount,
    )
    return db.session.scalar(query.limit(1)) is not None


def _move(order: Order, after: OrderState, user: User | None, home: Home, cause: str) -> Changes:
    """Put the order into a state, and decide the role again."""
    before, order.state = order.state, after.value
    if before == after:
        return {}
    changes = order_change(order, before, after)
    return changes | role_changes(user, home, cause) if user else changes


def _state_by_dispute(order: Order) -> OrderState:
    """The state that the dispute puts the order in; one that is not fulfilled yet is left to its fulfilment."""
    state = OrderState(order.state)
    if state not in (OrderState.FULFILLED, OrderState.DISPUTED):
        return state
    elif dispute_takes_access(order.dispute_status):
        return OrderState.DISPUTED
    else:
        return OrderState.FULFILLED


def _order_of(stripe_object: Mapping[str, Any]) -> Order | None:
    """The order that a charge or dispute belongs to; asks Stripe where it may be a Payment Link's."""
    intent = id_of(stripe_object.get("payment_intent"))
    order = known_order(stripe_object)
    if order or intent is None or payment_of(intent):
        return order
    else:
        return order_sold_by_link(intent)


def _order_of_charge(dispute: Mapping[str, Any], home: Home) -> Order | None:
    """A dispute names no customer: where its payment is unknown to us, ask for the charge."""
    charge = id_of(dispute.get("charge"))
    return _order_of(get_gateway().retrieve("charge", charge)) if charge else None


def _refund_invoice(charge: Mapping[str, Any], home: Home) -> Effect:
    """Find the invoice that a refunded charge paid; a charge has not named it since 2025."""
    intent = id_of(charge.get("payment_intent"))
    payment = payment_of(intent)
    if payment is None and intent and (owner_of(charge, home) or _is_of_former_customer(charge, home)):
        payment = _invoice_payment_of(intent, home)
    if payment is None:
        return IGNORED
    changes = _save_refund(payment, charge)
    if charge["refunded"] and payment.user_id is None:
        changes |= _close_for_nobody(payment)
    return Effect(changes=changes)


def _is_of_former_customer(charge: Mapping[str, Any], home: Home) -> bool:
    """Whether a customer that was deleted since was ours: its orders and subscriptions stay."""
    customer = id_of(charge.get("customer"))
    known = [
        sa.exists().where(
            model.stripe_customer_id == customer,
            home.owns(model),
        )
        for model in (Order, Subscription)
    ]
    return customer is not None and bool(db.session.scalar(sa.select(sa.or_(*known))))


def _close_for_nobody(payment: Payment) -> Changes:
    """The order that was paid after its account was gone has its money back."""
    query = sa.select(Order).where(
        Order.stripe_subscription_id == payment.stripe_subscription_id,
        Order.user_id.is_(None),
        Order.state == OrderState.MISMATCHED,
    )
    changes: Changes = {}
    for order in db.session.scalars(query):
        order.state = OrderState.REFUNDED.value
        changes |= order_change(order, OrderState.MISMATCHED, OrderState.REFUNDED)
    return changes


def _invoice_payment_of(intent: str, home: Home) -> Payment | None:
    gateway = get_gateway()
    params = {"payment": {"type": "payment_intent", "payment_intent": intent}, "limit": 1}
    with gateway.errors():
        found = gateway.v1.invoice_payments.list(params, gateway.options()).data
    if not found:
        return None
    invoice = gateway.retrieve("invoice", id_of(found[0].invoice) or "")
    user = lock_invoice_owner(invoice, home)
    if user is None and not was_ours(invoice, home):
        return None
    payment, _ = save_invoice(user, invoice, PaymentStatus.PAID, home)
    if payment:
        payment.stripe_payment_intent_id = intent
    return payment


def _save_refund(payment: Payment, charge: Mapping[str, Any]) -> Changes:
    """Refunds only ever grow, so the larger amount is the later one; compared with the row as it is once locked."""
    db.session.flush()
    db.session.refresh(payment, with_for_update=True)
    refunded = int(charge.get("amount_refunded") or 0)
    if refunded <= payment.amount_refunded:
        return {}
    before, payment.amount_refunded = payment.amount_refunded, refunded
    name = payment.stripe_invoice_id or payment.stripe_payment_intent_id or "payment"
    return {name: {"before": {"amount_refunded": before}, "after": {"amount_refunded": refunded}}}
