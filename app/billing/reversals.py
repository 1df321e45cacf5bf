"""Money that goes back: refunds and disputes, and what they do to an order for life."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.billing.accounts import Home
from app.billing.customers import owner_of, parse_uuid
from app.billing.effects import IGNORED, Changes, Effect
from app.billing.gateway import get_gateway
from app.billing.models import Order, Payment
from app.billing.orders import order_change, order_in_metadata
from app.billing.payments import lock_invoice_owner, record_order_payment, save_invoice
from app.billing.roles import lock_user, role_changes
from app.billing.snapshots import id_of
from app.billing.statuses import OrderState, PaymentStatus
from app.database import db

DISPUTE_WON = frozenset({"won", "warning_closed", "prevented"})
DISPUTE_OVER = DISPUTE_WON | {"lost"}
# An inquiry: the bank asks, no money has moved, so nothing is taken away.
INQUIRIES = frozenset({"warning_needs_response", "warning_under_review"})


def record_refund(charge: Mapping[str, Any], home: Home, *, cause: str) -> Effect:
    """Record what of a charge was refunded; a full refund takes an order for life back, a partial one does not."""
    order = _order_of(charge)
    if order is None:
        return _refund_invoice(charge, home)
    user = lock_user(order.user_id) if order.user_id else None
    intent = id_of(charge.get("payment_intent"))
    _save_refund(record_order_payment(order, intent, charge["amount"], charge["created"]), charge)
    order.stripe_payment_intent_id = order.stripe_payment_intent_id or intent
    before = order.state
    if not charge.get("refunded") or before == OrderState.REFUNDED:
        return Effect()
    order.state = OrderState.REFUNDED.value
    changes = order_change(order, before, OrderState.REFUNDED)
    if user:
        changes |= role_changes(user, home, cause)
    return Effect(changes=changes)


def record_dispute(dispute: Mapping[str, Any], home: Home, *, cause: str) -> Effect:
    """Suspend an order for life while its payment is disputed; give it back if won, keep it back if lost."""
    order = _order_of(dispute) or _order_of_charge(dispute, home)
    if order is None:
        return IGNORED
    user = lock_user(order.user_id) if order.user_id else None
    db.session.refresh(order)
    status = str(dispute.get("status"))
    if order.stripe_dispute_id == dispute.get("id") and order.dispute_status in DISPUTE_OVER:
        return Effect()
    before = order.state
    order.stripe_dispute_id, order.dispute_status = dispute.get("id"), status
    after = _state_by_dispute(order, status)
    if after == before:
        return Effect()
    order.state = after.value
    changes: Changes = order_change(order, before, after)
    if user:
        changes |= role_changes(user, home, cause)
    return Effect(changes=changes)


def _state_by_dispute(order: Order, status: str) -> OrderState:
    state = OrderState(order.state)
    if state in (OrderState.REFUNDED, OrderState.MISMATCHED) or status in INQUIRIES:
        return state
    elif status in DISPUTE_WON:
        return OrderState.FULFILLED if state == OrderState.DISPUTED and order.fulfilled_at else _unsettled(state)
    else:
        return OrderState.DISPUTED


def _unsettled(state: OrderState) -> OrderState:
    """A dispute won before the order's own event came leaves the order to that event."""
    return OrderState.PENDING if state == OrderState.DISPUTED else state


def _order_of(stripe_object: Mapping[str, Any]) -> Order | None:
    """The order that a charge or dispute belongs to: by its PaymentIntent, or by what we wrote into metadata."""
    intent = id_of(stripe_object.get("payment_intent"))
    query = sa.select(Order).where(Order.stripe_payment_intent_id == intent)
    order = db.session.scalar(query) if intent else None
    if order is None and (order_id := order_in_metadata(stripe_object)):
        order = db.session.scalar(sa.select(Order).where(Order.id == order_id, Order.interval.is_(None)))
    return order or (_order_by_payment_link(intent) if intent else None)


def _order_by_payment_link(intent: str) -> Order | None:
    """A Payment Link's payment carries none of our metadata; its session has our order id."""
    if not current_app.extensions["settings"].stripe_payment_link_lifetime:
        return None
    gateway = get_gateway()
    with gateway.errors():
        sessions = gateway.v1.checkout.sessions.list({"payment_intent": intent, "limit": 1}, gateway.options()).data
    order_id = parse_uuid(sessions[0].client_reference_id) if sessions else None
    return db.session.get(Order, order_id) if order_id else None


def _order_of_charge(dispute: Mapping[str, Any], home: Home) -> Order | None:
    """A dispute names no customer: where its payment is unknown to us, ask for the charge."""
    charge = id_of(dispute.get("charge"))
    return _order_of(get_gateway().retrieve("charge", charge)) if charge else None


def _refund_invoice(charge: Mapping[str, Any], home: Home) -> Effect:
    """Find the invoice that a refunded charge paid; a charge has not named it since 2025."""
    intent = id_of(charge.get("payment_intent"))
    if intent is None or owner_of(charge, home) is None:
        return IGNORED
    payment = db.session.scalar(sa.select(Payment).where(Payment.stripe_payment_intent_id == intent))
    if payment is None:
        payment = _payment_of_invoice(intent, home)
    if payment is None:
        return IGNORED
    return Effect(changes=_save_refund(payment, charge))


def _payment_of_invoice(intent: str, home: Home) -> Payment | None:
    gateway = get_gateway()
    params = {"payment": {"type": "payment_intent", "payment_intent": intent}, "limit": 1}
    with gateway.errors():
        found = gateway.v1.invoice_payments.list(params, gateway.options()).data
    if not found:
        return None
    invoice = gateway.retrieve("invoice", id_of(found[0].invoice) or "")
    user = lock_invoice_owner(invoice, home)
    if user is None:
        return None
    payment, _ = save_invoice(user, invoice, PaymentStatus.PAID, home)
    if payment:
        payment.stripe_payment_intent_id = intent
    return payment


def _save_refund(payment: Payment, charge: Mapping[str, Any]) -> Changes:
    """Refunds only ever grow, so the larger amount is the later one."""
    refunded = int(charge.get("amount_refunded") or 0)
    if refunded <= payment.amount_refunded:
        return {}
    before, payment.amount_refunded = payment.amount_refunded, refunded
    name = payment.stripe_invoice_id or payment.stripe_payment_intent_id or "payment"
    return {name: {"before": {"amount_refunded": before}, "after": {"amount_refunded": refunded}}}
