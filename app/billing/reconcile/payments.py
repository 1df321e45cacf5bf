"""Putting the record of payments right where a webhook was lost; nobody gets a mail about an old payment."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.auth.models import User
from app.billing.asking import ask
from app.billing.changes import Changes, difference
from app.billing.customers import customer_of
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import ChargeObject, DisputeObject, InvoiceObject, PaymentIntentObject
from app.billing.models.payments import Order, Payment
from app.billing.payments.charges import disputes_of, first_page, known_order
from app.billing.payments.disputes import record_dispute
from app.billing.payments.fulfillment import fulfill_checkout_session
from app.billing.payments.invoices import CLOSED, intent_that_pays, invoice_values, payment_of_invoice, save_invoice
from app.billing.payments.one_time import order_of_invoice, payment_of, record_order_payment
from app.billing.payments.refunds import record_refund
from app.billing.reconcile.orders import sessions_of
from app.billing.statuses import UNFULFILLED_STATES, PaymentStatus
from app.database import db

FACTS = ("amount", "currency", "number")
GIVEN_UP = (PaymentStatus.VOID, PaymentStatus.UNCOLLECTIBLE)
# Stripe writes a link anew each time it is asked, so one that is there counts as right.
NAMES = ("stripe_invoice_id", "number", "hosted_invoice_url", "invoice_pdf")


@dataclass(frozen=True)
class PaymentsAtStripe:
    """Invoices with their status in our words, charges that went through, and their disputes."""

    invoices: list[tuple[InvoiceObject, PaymentStatus]]
    charges: list[ChargeObject]
    disputes: list[DisputeObject]


def repair_payments(user: User, found: PaymentsAtStripe, scope: StripeScope, *, cause: str) -> Changes:
    """Write what the record lacks of this (locked) user's payments, through the functions that the webhook uses."""
    changes: Changes = {}
    for charge in found.charges:
        changes |= _repair_order(charge, scope, cause)
    for invoice, status in found.invoices:
        changes |= _repair_invoice(user, invoice, status, scope)
    for charge in found.charges:
        # One that pays for nothing we know is another product's: its webhook asks Stripe about it, once.
        payment = payment_of(charge.payment_intent)
        if payment and (charge.amount_refunded or payment.amount_refunded):
            changes |= record_refund(charge, scope, cause=cause, is_current=True).changes
    for dispute in found.disputes:
        if known_order(dispute, scope) or payment_of(dispute.payment_intent):
            changes |= record_dispute(dispute, scope, cause=cause).changes
    return changes


def _repair_order(charge: ChargeObject, scope: StripeScope, cause: str) -> Changes:
    """Record the payment of a one-time order, and fulfill an order that was given up and paid all the same."""
    order, intent = known_order(charge, scope), charge.payment_intent
    if order is None or intent is None:
        return {}
    changes: Changes = {}
    for session in sessions_of(order, scope) if order.state in UNFULFILLED_STATES else []:
        changes |= fulfill_checkout_session(session, scope, cause=cause).changes
    if payment_of(intent) is None:
        record_order_payment(order, intent, charge.amount, charge.created, charge.currency)
        changes[intent] = {"before": {"status": None}, "after": {"status": PaymentStatus.PAID.value}}
    return changes


def _repair_invoice(user: User, invoice: InvoiceObject, status: PaymentStatus, scope: StripeScope) -> Changes:
    """Record how an invoice stands, and which PaymentIntent pays it: a refund names nothing else."""
    intent = intent_that_pays(invoice)
    paid = payment_of(intent)
    values = invoice_values(invoice, status)
    payment = payment_of_invoice(invoice.id)
    if paid and paid.order_id:
        return _correct(paid, _missing(paid, values)) if payment in (None, paid) else {}
    elif payment is None and (status in GIVEN_UP or order_of_invoice(invoice, scope)):
        # A one-time order's payment is recorded with the order, and an invoice that was withdrawn asks for nothing.
        return {}
    elif payment and payment.status == status == PaymentStatus.PAID:
        changes = _correct(payment, {name: values[name] for name in FACTS} | _missing(payment, values))
    else:
        payment, changes = save_invoice(user, invoice, status, scope)
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


# What an open invoice's PaymentIntent says of an attempt; while a debit is processing, nothing has failed.
ATTEMPTS = {
    "requires_payment_method": PaymentStatus.FAILED,
    "requires_action": PaymentStatus.ACTION_REQUIRED,
    "requires_confirmation": PaymentStatus.ACTION_REQUIRED,
}


def payments_at_stripe(user_id: uuid.UUID, scope: StripeScope) -> PaymentsAtStripe:
    """A user's latest payments: two questions for most, one more for each oddity."""
    return ask(_read_payments, customer_of(user_id, scope), frozenset(_intents_of_orders(user_id, scope)), scope)


def _read_payments(customer: str | None, intents: frozenset[str], scope: StripeScope) -> PaymentsAtStripe:
    invoices = first_page(InvoiceObject, scope, customer=customer, expand=["data.payments"]) if customer else []
    charges = first_page(ChargeObject, scope, customer=customer) if customer else []
    # Who pays through a Payment Link can do so as a guest.
    for intent in intents - {charge.payment_intent for charge in charges}:
        charges += first_page(ChargeObject, scope, payment_intent=intent)
    charges = [charge for charge in charges if charge.status == "succeeded"]
    disputes = [dispute for charge in charges if charge.disputed for dispute in disputes_of(charge.id, scope)]
    return PaymentsAtStripe(_with_status(invoices, scope), charges, disputes)


def _intents_of_orders(user_id: uuid.UUID, scope: StripeScope) -> set[str]:
    query = sa.select(Order.stripe_payment_intent_id).where(
        Order.user_id == user_id, Order.stripe_payment_intent_id.is_not(None), scope.covers(Order)
    )
    return set(db.session.scalars(query))


def _with_status(invoices: list[InvoiceObject], scope: StripeScope) -> list[tuple[InvoiceObject, PaymentStatus]]:
    """The invoices that were paid or withdrawn, and those that an attempt to pay has failed for."""
    found = [(invoice, CLOSED[invoice.status]) for invoice in invoices if invoice.status in CLOSED]
    attempted = [invoice for invoice in invoices if invoice.status == "open" and invoice.attempt_count]
    if attempted:
        intents = first_page(PaymentIntentObject, scope, customer=attempted[0].customer)
        status_of = {intent.id: ATTEMPTS.get(intent.status) for intent in intents}
        told = [(invoice, status_of.get(intent_that_pays(invoice) or "")) for invoice in attempted]
        found += [(invoice, status) for invoice, status in told if status]
    return found
