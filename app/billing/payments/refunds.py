"""Refunds, and what they do to a one-time plan."""

import sqlalchemy as sa

from app.billing.asking import ask
from app.billing.changes import IGNORED, Changes, Effect
from app.billing.customers import lock_user, owner_is_gone, owner_of
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import ChargeObject, InvoiceObject, InvoicePaymentObject
from app.billing.gateway.read import list_page, retrieve
from app.billing.models.payments import Order, Payment
from app.billing.payments.charges import is_paid_otherwise, order_of, set_order_state
from app.billing.payments.invoices import lock_invoice_owner, save_invoice
from app.billing.payments.one_time import payment_of, record_order_payment
from app.billing.payments.orders import order_change
from app.billing.statuses import OrderState, PaymentStatus
from app.database import db


def record_refund(charge: ChargeObject, scope: StripeScope, *, cause: str) -> Effect:
    """Record what of a charge was refunded; a full refund takes an order for life back, a partial one does not.

    Nor does the refund of one of two payments for the same order: the other still pays for it.
    Inside `ask_then_lock`; locks the user.
    """
    order = order_of(charge, scope)
    if order is None:
        return _refund_invoice(charge, scope)
    user = lock_user(order.user_id) if order.user_id else None
    db.session.refresh(order, with_for_update=True)
    intent = charge.payment_intent
    payment = record_order_payment(order, intent, charge.amount, charge.created, charge.currency)
    order.stripe_payment_intent_id = order.stripe_payment_intent_id or intent
    changes = _save_refund(payment, charge)
    if charge.refunded and not is_paid_otherwise(order, intent):
        changes |= set_order_state(order, OrderState.REFUNDED, user, scope, cause)
    return Effect(changes=changes)


def _refund_invoice(charge: ChargeObject, scope: StripeScope) -> Effect:
    """Find the invoice that a refunded charge paid; a charge has not named it since 2025."""
    intent = charge.payment_intent
    payment = payment_of(intent)
    if (
        payment is None
        and intent
        and (owner_of(charge.customer, charge.metadata, scope) or owner_is_gone(charge.customer, scope))
    ):
        payment = invoice_payment_of(intent, scope)
    if payment is None:
        return IGNORED
    changes = _save_refund(payment, charge)
    if charge.refunded and payment.user_id is None:
        changes |= _close_for_deleted_users(payment)
    return Effect(changes=changes)


def _close_for_deleted_users(payment: Payment) -> Changes:
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


def invoice_payment_of(intent: str, scope: StripeScope) -> Payment | None:
    """The payment of the invoice that this PaymentIntent paid, recorded now; None when there is none of ours."""
    invoice = ask(_invoice_paid_by, intent, scope)
    if invoice is None:
        return None
    user = lock_invoice_owner(invoice, scope)
    if user is None and not owner_is_gone(invoice.customer, scope):
        return None
    payment, _ = save_invoice(user, invoice, PaymentStatus.PAID, scope)
    if payment:
        payment.stripe_payment_intent_id = intent
    return payment


def _invoice_paid_by(intent: str, scope: StripeScope) -> InvoiceObject | None:
    payment = {"type": "payment_intent", "payment_intent": intent}
    found = list_page(InvoicePaymentObject, scope, payment=payment, limit=1)
    return retrieve(InvoiceObject, found[0].invoice, scope) if found and found[0].invoice else None


def _save_refund(payment: Payment, charge: ChargeObject) -> Changes:
    """Refunds only ever grow, so the larger amount is the later one; compared with the row as it is once locked."""
    db.session.flush()
    db.session.refresh(payment, with_for_update=True)
    refunded = charge.amount_refunded
    if refunded <= payment.amount_refunded:
        return {}
    before, payment.amount_refunded = payment.amount_refunded, refunded
    name = payment.stripe_invoice_id or payment.stripe_payment_intent_id or "payment"
    return {name: {"before": {"amount_refunded": before}, "after": {"amount_refunded": refunded}}}
