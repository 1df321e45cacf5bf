"""The single payment of a one-time order, and the invoice that Stripe makes for it."""

from datetime import datetime

import sqlalchemy as sa
from flask import current_app

from app.billing.asking import ask
from app.billing.catalog.plans import current_catalog
from app.billing.changes import Changes, Effect
from app.billing.customers import lock_user, owner_of
from app.billing.errors import StripeObjectMissing
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import CheckoutSessionObject, InvoiceObject, InvoicePaymentObject
from app.billing.gateway.read import list_page, retrieve
from app.billing.models.payments import Order, Payment
from app.billing.payments.order_lookup import order_named_in, order_sold_by_link, order_with
from app.billing.statuses import PaymentStatus
from app.database import db


def record_order_payment(
    order: Order, intent: str | None, amount: int, created_at: datetime, currency: str | None = None
) -> Payment:
    """The payment of a one-time order, recorded once for its PaymentIntent. Minor units.

    An order can be paid twice, through a Payment Link in two tabs: the second payment is recorded too, and says so.
    """
    if payment := payment_of(intent):
        return payment
    is_second = db.session.scalar(sa.select(Payment.id).where(Payment.order_id == order.id).limit(1)) is not None
    payment = Payment(
        user_id=order.user_id,
        order_id=order.id,
        stripe_account=order.stripe_account,
        livemode=order.livemode,
        stripe_payment_intent_id=intent,
        status=PaymentStatus.PAID.value,
        amount=amount,
        currency=currency or order.currency,
        amount_refunded=0,
        description=current_catalog().plan_name(order.plan_key) + (", paid again" if is_second else ""),
        created_at=created_at,
        paid_at=created_at,
    )
    if order.stripe_dispute_id and not is_second:
        # It was heard of before the payment was.
        payment.stripe_dispute_id, payment.dispute_status = order.stripe_dispute_id, order.dispute_status
        payment.amount_disputed = amount
    db.session.add(payment)
    return payment


def payment_of(intent: str | None) -> Payment | None:
    """The payment that this PaymentIntent made, if it is recorded."""
    known = sa.select(Payment).where(Payment.stripe_payment_intent_id == intent)
    payment: Payment | None = db.session.scalar(known) if intent else None
    return payment


def order_of_invoice(invoice: InvoiceObject, scope: StripeScope) -> Order | None:
    """The one-time order that an invoice was made for; None for a subscription's, or one that the operator wrote."""
    if invoice.parent:
        return None
    known = sa.select(Payment.order_id).where(Payment.stripe_invoice_id == invoice.id)
    named = order_named_in(invoice.metadata, scope) or order_with(db.session.scalar(known), scope)
    order = named or _order_by_link(invoice, scope)
    return order if order and order.interval is None else None


def record_order_invoice(order: Order, invoice: InvoiceObject) -> Effect:
    """Attach the invoice to the payment of its order. If that is not recorded yet, its fulfillment will do this.

    An invoice alone records no payment: whichever event comes first, there is one row. A Payment Link's order may be
    paid twice, so there it is the session that tells which invoice is whose.
    """
    if order.user_id:
        lock_user(order.user_id)
    is_its_own = Payment.stripe_invoice_id == invoice.id
    if invoice.metadata.order_id:
        is_its_own = sa.or_(is_its_own, sa.and_(Payment.order_id == order.id, Payment.stripe_invoice_id.is_(None)))
    payment = db.session.scalar(sa.select(Payment).where(is_its_own).order_by(Payment.stripe_invoice_id).limit(1))
    return Effect(changes=_attach(payment, invoice) if payment else {})


def attach_invoice_of(session: CheckoutSessionObject, payment: Payment, scope: StripeScope) -> Changes:
    """Attach the invoice that a paid Checkout Session names; read from Stripe, as its own event may not come again."""
    invoice_id = session.invoice
    if invoice_id is None or payment.number:
        return {}
    try:
        invoice = ask(retrieve, InvoiceObject, invoice_id, scope)
    except StripeObjectMissing:
        # The order is paid all the same.
        return {}
    return _attach(payment, invoice)


def _attach(payment: Payment, invoice: InvoiceObject) -> Changes:
    """Only what names the invoice: how much was paid, and when, is known from the order's own payment."""
    before, payment.stripe_invoice_id = payment.stripe_invoice_id, invoice.id
    payment.number = invoice.number
    payment.hosted_invoice_url = invoice.hosted_invoice_url
    payment.invoice_pdf = invoice.invoice_pdf
    if before == payment.stripe_invoice_id:
        return {}
    name = payment.stripe_payment_intent_id or "payment"
    return {name: {"before": {"invoice": before}, "after": {"invoice": payment.stripe_invoice_id}}}


def _order_by_link(invoice: InvoiceObject, scope: StripeScope) -> Order | None:
    """A Payment Link's invoice carries none of our metadata: it is its payment that leads to the order."""
    if (
        not current_app.extensions["settings"].stripe_payment_links
        or owner_of(invoice.customer, invoice.metadata, scope) is None
    ):
        return None
    intent = ask(_intent_of_invoice, invoice.id, scope)
    return order_sold_by_link(intent, scope) if intent else None


def _intent_of_invoice(invoice_id: str, scope: StripeScope) -> str | None:
    found = list_page(InvoicePaymentObject, scope, invoice=invoice_id, limit=1)
    return found[0].payment.payment_intent if found else None
