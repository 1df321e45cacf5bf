"""Putting the record of payments right where a webhook was lost; nobody gets a mail about an old payment."""

from collections.abc import Mapping
from typing import Any

from app.auth.models import User
from app.billing.accounts import Home
from app.billing.effects import Changes, difference
from app.billing.fulfilment import fulfil_checkout_session
from app.billing.gateway import StripeObject
from app.billing.invoices import intent_that_pays, invoice_values
from app.billing.models import Payment
from app.billing.order_invoices import order_of_invoice
from app.billing.order_recovery import sessions_of
from app.billing.payments import payment_of, payment_of_invoice, record_order_payment, save_invoice
from app.billing.payments_at_stripe import PaymentsAtStripe
from app.billing.reversals import known_order, record_dispute, record_refund
from app.billing.snapshots import id_of
from app.billing.statuses import UNFULFILLED_STATES, PaymentStatus

FACTS = ("amount", "currency", "number")
# Stripe writes a link anew each time it is asked, so one that is there counts as right.
NAMES = ("stripe_invoice_id", "number", "hosted_invoice_url", "invoice_pdf")


def repair_payments(user: User, found: PaymentsAtStripe, home: Home, *, cause: str) -> Changes:
    """Write what the record lacks of this (locked) user's payments, through the functions that the webhook uses."""
    changes: Changes = {}
    for charge in found.charges:
        changes |= _repair_order(charge, home, cause)
    for invoice, status in found.invoices:
        changes |= _repair_invoice(user, invoice, status, home)
    for charge in found.charges:
        # One that pays for nothing we know is another product's: its webhook asks Stripe about it, once.
        if charge["amount_refunded"] and payment_of(id_of(charge["payment_intent"])):
            changes |= record_refund(charge, home, cause=cause).changes
    for dispute in found.disputes:
        if known_order(dispute):
            changes |= record_dispute(dispute, home, cause=cause).changes
    return changes


def _repair_order(charge: StripeObject, home: Home, cause: str) -> Changes:
    """Record the payment of a one-time order, and fulfil an order that was given up and paid all the same."""
    order, intent = known_order(charge), id_of(charge["payment_intent"])
    if order is None or intent is None:
        return {}
    changes: Changes = {}
    for session in sessions_of(order) if order.state in UNFULFILLED_STATES else []:
        changes |= fulfil_checkout_session(session, home, cause=cause).changes
    if payment_of(intent) is None:
        record_order_payment(order, intent, charge["amount"], charge["created"], charge["currency"])
        changes[intent] = {"before": {"status": None}, "after": {"status": PaymentStatus.PAID.value}}
    return changes


def _repair_invoice(user: User, invoice: StripeObject, status: PaymentStatus, home: Home) -> Changes:
    """Record how an invoice stands, and which PaymentIntent pays it: a refund names nothing else."""
    intent = intent_that_pays(invoice)
    paid = payment_of(intent)
    values = invoice_values(invoice, status)
    payment = payment_of_invoice(invoice["id"])
    if paid and paid.order_id:
        return _correct(paid, _missing(paid, values)) if payment in (None, paid) else {}
    elif payment is None and order_of_invoice(invoice, home):
        # A one-time order's payment is recorded with the order.
        return {}
    elif payment and payment.status == status == PaymentStatus.PAID:
        changes = _correct(payment, {name: values[name] for name in FACTS} | _missing(payment, values))
    else:
        payment, changes = save_invoice(user, invoice, status, home)
    if payment and paid is None and payment.stripe_payment_intent_id is None:
        payment.stripe_payment_intent_id = intent
    return changes


def _missing(payment: Payment, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in NAMES if getattr(payment, name) is None}


def _correct(payment: Payment, values: Mapping[str, Any]) -> Changes:
    """Write what differs."""
    change = difference({name: getattr(payment, name) for name in values}, dict(values))
    for name, value in values.items():
        setattr(payment, name, value)
    paid_by = payment.stripe_payment_intent_id if payment.order_id else payment.stripe_invoice_id
    return {str(paid_by): change} if change else {}
