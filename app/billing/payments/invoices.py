"""A subscription's invoices, recorded as payments."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.auth.models import User
from app.billing.catalog.entitlements import plus_grace
from app.billing.changes import IGNORED, Changes, Effect
from app.billing.customers import lock_user, owner_is_gone, owner_of
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import InvoiceObject
from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.roles.decision import decide_role
from app.billing.statuses import PaymentStatus
from app.database import db, utcnow
from app.mail.outbox import queue_mail

# An attempt that needs the customer says more than one that merely failed, and either more than a mail that was sent.
RANK = {PaymentStatus.OPEN: 0, PaymentStatus.OVERDUE: 1, PaymentStatus.FAILED: 2, PaymentStatus.ACTION_REQUIRED: 3}
# Nothing of an attempt comes after these; what was given up can still be paid, or declared void.
FINALITY = {PaymentStatus.UNCOLLECTIBLE: 1, PaymentStatus.VOID: 2, PaymentStatus.PAID: 3}
CLOSED = {"paid": PaymentStatus.PAID, "void": PaymentStatus.VOID, "uncollectible": PaymentStatus.UNCOLLECTIBLE}
MAILED = (PaymentStatus.FAILED, PaymentStatus.ACTION_REQUIRED, PaymentStatus.OVERDUE)


def record_invoice(invoice: InvoiceObject, status: PaymentStatus, scope: StripeScope) -> Effect:
    """Record how an invoice stands; an earlier attempt never overwrites a later one, nor anything a payment.

    Of a user whose account is gone only what was paid is recorded: it came in for nobody, and the operator is shown it.
    """
    user = lock_invoice_owner(invoice, scope)
    status = CLOSED.get(invoice.status or "", status)
    if user is None and (status != PaymentStatus.PAID or not owner_is_gone(invoice.customer, scope)):
        return IGNORED
    payment, changes = save_invoice(user, invoice, status, scope)
    if user and payment and changes and status in MAILED:
        _mail_about(payment, user, invoice, scope)
    return Effect(changes=changes)


def lock_invoice_owner(invoice: InvoiceObject, scope: StripeScope) -> User | None:
    """The (locked) user that an invoice belongs to, or None."""
    user_id = owner_of(invoice.customer, invoice.subscription_details.metadata, scope)
    return lock_user(user_id) if user_id else None


def save_invoice(
    user: User | None, invoice: InvoiceObject, status: PaymentStatus, scope: StripeScope
) -> tuple[Payment | None, Changes]:
    """Write the payment row of an invoice of this (locked) user; an invoice over nothing has none.

    One that credit pays for is over something, though nothing was charged.
    """
    values = invoice_values(invoice, status)
    payment = payment_of_invoice(invoice.id)
    if payment is None and values["amount"] == 0 and not is_covered_by_credit(invoice):
        return None, {}
    if payment and _is_older(values, payment):
        return payment, {}
    before = payment.status if payment else None
    if payment is None:
        payment = Payment(
            user_id=user.id if user else None,
            stripe_account=scope.stripe_account,
            livemode=scope.livemode,
            amount_refunded=0,
        )
        db.session.add(payment)
    for name, value in values.items():
        setattr(payment, name, value)
    return payment, {invoice.id: {"before": {"status": before}, "after": {"status": status.value}}}


def is_covered_by_credit(invoice: InvoiceObject) -> bool:
    """Whether the customer's credit pays for all of it."""
    return invoice.status == "paid" and invoice.amount_due == 0 and invoice.total > 0


def payment_of_invoice(invoice_id: str) -> Payment | None:
    """The payment that this invoice asked for, if it is recorded."""
    payment: Payment | None = db.session.scalar(sa.select(Payment).where(Payment.stripe_invoice_id == invoice_id))
    return payment


def _is_older(values: Mapping[str, Any], payment: Payment) -> bool:
    stored = PaymentStatus(payment.status)
    incoming = PaymentStatus(values["status"])
    if stored in FINALITY or incoming in FINALITY:
        return FINALITY.get(incoming, 0) <= FINALITY.get(stored, 0)
    else:
        return (values["attempt_count"], RANK[incoming]) <= (payment.attempt_count, RANK[stored])


def _mail_about(payment: Payment, user: User, invoice: InvoiceObject, scope: StripeScope) -> None:
    """Tell the user once for each attempt at an invoice; that the bank asks to confirm is told also after a failure."""
    known = payment.stripe_subscription_id
    subscription = db.session.get(Subscription, known) if known else None
    access_until = _access_until(user, subscription, invoice, scope) if subscription else None
    queue_mail(
        f"payment_{payment.status}",
        to=user.email,
        user_id=user.id,
        cause=f"invoice_attempt:{payment.stripe_invoice_id}:{payment.attempt_count}:{payment.status}",
        context={
            "amount": payment.amount,
            "currency": payment.currency,
            "plan_name": subscription.plan_name if subscription else None,
            "access_until": access_until.isoformat() if access_until else None,
            "hosted_invoice_url": payment.hosted_invoice_url,
            "receipt_number": payment.number,
            "next_attempt_at": payment.next_attempt_at.isoformat() if payment.next_attempt_at else None,
        },
    )


def _access_until(
    user: User, subscription: Subscription, invoice: InvoiceObject, scope: StripeScope
) -> datetime | None:
    """How long what the subscription gives stays on unpaid; None where it gives nothing, or rests on something else.

    The event that it is past due may come after this one.
    """
    if decide_role(user, scope).object_id != subscription.stripe_subscription_id or not subscription.grants_access:
        return None
    ends_at = plus_grace(subscription.unpaid_since or invoice.due_at)
    return ends_at if ends_at and ends_at > utcnow() else None


def invoice_values(invoice: InvoiceObject, status: PaymentStatus) -> dict[str, Any]:
    """The columns of `Payment` that an invoice sets."""
    is_paid = status == PaymentStatus.PAID
    return {
        "stripe_invoice_id": invoice.id,
        "stripe_subscription_id": invoice.subscription_details.subscription,
        "status": status.value,
        "amount": invoice.amount_paid if is_paid else invoice.amount_due,
        "currency": invoice.currency,
        "number": invoice.number,
        "description": _description(invoice),
        "hosted_invoice_url": invoice.hosted_invoice_url,
        "invoice_pdf": invoice.invoice_pdf,
        "attempt_count": invoice.attempt_count,
        "next_attempt_at": None if is_paid else invoice.next_payment_attempt,
        "created_at": invoice.created,
        "paid_at": _paid_at(invoice) if is_paid else None,
    }


def intent_that_pays(invoice: InvoiceObject) -> str | None:
    """The PaymentIntent that collects the invoice, where `payments` was expanded."""
    payments = [one for one in (invoice.payments.data if invoice.payments else []) if one.status != "canceled"]
    default = max(payments, key=lambda one: one.is_default, default=None)
    return default.payment.payment_intent if default else None


def _description(invoice: InvoiceObject) -> str:
    """What the invoice is for: its own words, or its largest line. The first may be the credit for the plan before."""
    lines = invoice.lines.data if invoice.lines else []
    largest = max(lines, key=lambda line: line.amount or 0, default=None)
    words = invoice.description or (largest and largest.description) or ""
    return f"{words[:200]}, paid by credit".removeprefix(", ") if is_covered_by_credit(invoice) else words[:255]


def _paid_at(invoice: InvoiceObject) -> datetime:
    return (invoice.status_transitions and invoice.status_transitions.paid_at) or utcnow()
