"""Refunds, and what they do to a one-time plan."""

import sqlalchemy as sa

from app.billing.asking import ask
from app.billing.changes import IGNORED, Changes, Effect
from app.billing.customers import lock_user, owner_is_gone, owner_of
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import ChargeObject, InvoiceObject, InvoicePaymentObject, RefundObject
from app.billing.gateway.read import list_page, retrieve
from app.billing.models.payments import Order, Payment
from app.billing.payments.charges import is_paid_otherwise, order_of, set_order_state
from app.billing.payments.invoices import lock_invoice_owner, save_invoice
from app.billing.payments.one_time import payment_of, record_order_payment
from app.billing.payments.orders import order_change
from app.billing.statuses import OrderState, PaymentStatus, dispute_takes_access
from app.database import db

# What a refund says that took nothing in the end.
CAME_BACK = ("failed", "canceled")


def record_refund_change(refund: RefundObject, scope: StripeScope, *, cause: str) -> Effect:
    """Record what is refunded of a refund's charge now: less again, when the refund failed or was called back.

    Inside `ask_then_lock`; locks the user, and asks Stripe unless the charge's own event has told of this.
    """
    if refund.charge is None or not _lock_owner(refund, scope):
        return IGNORED
    payment, came_back = payment_of(refund.payment_intent), refund.status in CAME_BACK
    if payment and not came_back and not payment.has_failed_refund and refund.amount <= payment.amount_refunded:
        return Effect()
    charge = ask(retrieve, ChargeObject, refund.charge, scope)
    effect = record_refund(charge, scope, cause=cause, is_current=True)
    if came_back and (payment := payment_of(charge.payment_intent)):
        payment.has_failed_refund = True
    return effect


def record_refund(charge: ChargeObject, scope: StripeScope, *, cause: str, is_current: bool = False) -> Effect:
    """Record what of a charge is refunded; a full refund takes an order for life back, a partial one does not.

    Nor does the refund of one of two payments for the same order: the other still pays for it. `is_current` is for a
    charge that was read from Stripe. Inside `ask_then_lock`; locks the user.
    """
    order = order_of(charge, scope)
    if order is None:
        return _refund_invoice(charge, scope, is_current)
    user = lock_user(order.user_id) if order.user_id else None
    db.session.refresh(order, with_for_update=True)
    intent = charge.payment_intent
    payment = record_order_payment(order, intent, charge.amount, charge.created, charge.currency)
    # A session tells when Checkout was opened, which may be the day before; whichever came first, the charge is right.
    payment.created_at = payment.paid_at = charge.created
    order.stripe_payment_intent_id = order.stripe_payment_intent_id or intent
    changes = _save_refund(payment, charge, scope, is_current)
    is_refunded = payment.amount_refunded >= charge.amount
    if is_refunded and not is_paid_otherwise(order, intent):
        changes |= set_order_state(order, OrderState.REFUNDED, user, scope, cause)
    elif not is_refunded and order.state == OrderState.REFUNDED:
        changes |= set_order_state(order, _state_without_refund(order), user, scope, cause)
    return Effect(changes=changes)


def _lock_owner(refund: RefundObject, scope: StripeScope) -> bool:
    """Lock whose charge was refunded, before Stripe is asked what is refunded of it; whether it is one of ours."""
    payment = payment_of(refund.payment_intent)
    # A refund that names no customer is a guest's, or of what we know nothing yet: the charge may name our order.
    paid = refund if payment or refund.customer or not refund.charge else ask(_paid_with, refund.charge, scope)
    order = order_of(paid, scope)
    if order or payment:
        user_id = order.user_id if order else payment.user_id if payment else None
    else:
        user_id = owner_of(paid.customer, paid.metadata, scope)
    if user_id:
        lock_user(user_id)
    return bool(user_id or order or payment or owner_is_gone(paid.customer, scope))


def _paid_with(charge_id: str, scope: StripeScope) -> ChargeObject:
    """The charge, to know whose it is: another question than what is refunded of it once they are locked."""
    return retrieve(ChargeObject, charge_id, scope)


def _state_without_refund(order: Order) -> OrderState:
    """Where a paid order stands whose refund did not come to be."""
    if order.note:
        return OrderState.MISMATCHED
    elif order.fulfilled_at is None:
        # Its session has not told yet that it is paid; then it is fulfilled, as every order that was given up.
        return OrderState.EXPIRED
    elif dispute_takes_access(order.dispute_status):
        return OrderState.DISPUTED
    else:
        return OrderState.FULFILLED


def _refund_invoice(charge: ChargeObject, scope: StripeScope, is_current: bool) -> Effect:
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
    changes = _save_refund(payment, charge, scope, is_current)
    if payment.user_id is None:
        is_refunded = payment.amount_refunded >= charge.amount
        changes |= _close_for_deleted_users(payment, is_refunded)
    return Effect(changes=changes)


def _close_for_deleted_users(payment: Payment, is_refunded: bool) -> Changes:
    """The order that was paid after its account was gone has its money back, or not any more."""
    mismatched, refunded = OrderState.MISMATCHED, OrderState.REFUNDED
    before, after = (mismatched, refunded) if is_refunded else (refunded, mismatched)
    query = sa.select(Order).where(
        Order.stripe_subscription_id == payment.stripe_subscription_id, Order.user_id.is_(None), Order.state == before
    )
    changes: Changes = {}
    for order in db.session.scalars(query):
        order.state = after.value
        changes |= order_change(order, before, after)
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


def _save_refund(payment: Payment, charge: ChargeObject, scope: StripeScope, is_current: bool) -> Changes:
    """Write the amount, compared with the row as it is once locked.

    As long as no refund has come back, refunds only grow, and the larger amount is the later one; then Stripe is asked.
    """
    db.session.flush()
    db.session.refresh(payment, with_for_update=True)
    if payment.has_failed_refund and not is_current:
        charge, is_current = ask(retrieve, ChargeObject, charge.id, scope), True
    before, refunded = payment.amount_refunded, charge.amount_refunded
    if refunded == before or (refunded < before and not is_current):
        return {}
    payment.amount_refunded, payment.has_failed_refund = refunded, payment.has_failed_refund or refunded < before
    name = payment.stripe_invoice_id or payment.stripe_payment_intent_id or "payment"
    return {name: {"before": {"amount_refunded": before}, "after": {"amount_refunded": refunded}}}
