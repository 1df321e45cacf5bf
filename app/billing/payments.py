"""Payments: the invoices and one-time payments of our users, as the account page and the operator see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.auth.models import User
from app.billing.accounts import Home
from app.billing.customers import owner_of
from app.billing.effects import IGNORED, Changes, Effect
from app.billing.models import Order, Payment, Subscription
from app.billing.plans import PLANS_BY_KEY
from app.billing.roles import lock_user
from app.billing.snapshots import id_of, time_of
from app.billing.statuses import PaymentStatus
from app.database import db, utcnow
from app.outbox import queue_mail

# An attempt that needs the customer says more than one that merely failed; a payment says the last word.
RANK = {PaymentStatus.FAILED: 0, PaymentStatus.ACTION_REQUIRED: 1, PaymentStatus.PAID: 2}


def record_invoice(invoice: Mapping[str, Any], status: PaymentStatus, home: Home) -> Effect:
    """Record how an invoice stands; an earlier attempt never overwrites a later one, nor anything a payment.

    https://docs.stripe.com/api/invoices/object
    """
    user = lock_invoice_owner(invoice, home)
    if user is None:
        return IGNORED
    status = PaymentStatus.PAID if invoice.get("status") == "paid" else status
    payment, changes = save_invoice(user, invoice, status, home)
    if payment and changes and status != PaymentStatus.PAID:
        _mail_about(payment, user)
    return Effect(changes=changes)


def lock_invoice_owner(invoice: Mapping[str, Any], home: Home) -> User | None:
    """The (locked) user that an invoice belongs to, or None."""
    details = _subscription_details(invoice)
    user_id = owner_of({"customer": invoice.get("customer"), "metadata": details.get("metadata")}, home)
    if user_id is None and (row := db.session.get(Subscription, id_of(details.get("subscription")) or "")):
        user_id = row.user_id
    return lock_user(user_id) if user_id else None


def save_invoice(
    user: User, invoice: Mapping[str, Any], status: PaymentStatus, home: Home
) -> tuple[Payment | None, Changes]:
    """Write the payment row of an invoice of this (locked) user; an invoice over nothing has none."""
    values = _values(invoice, status)
    payment = db.session.scalar(sa.select(Payment).where(Payment.stripe_invoice_id == invoice["id"]))
    if payment is None and values["amount"] == 0:
        return None, {}
    if payment and _is_older(values, payment):
        return payment, {}
    before = payment.status if payment else None
    if payment is None:
        payment = Payment(
            user_id=user.id, stripe_account=home.stripe_account, livemode=home.livemode, amount_refunded=0
        )
        db.session.add(payment)
    for name, value in values.items():
        setattr(payment, name, value)
    return payment, {invoice["id"]: {"before": {"status": before}, "after": {"status": status.value}}}


def record_order_payment(order: Order, intent: str | None, amount: int, created: int) -> Payment:
    """The payment of a one-time order, recorded once for its PaymentIntent. Minor units; unix seconds."""
    known = sa.select(Payment).where(Payment.stripe_payment_intent_id == intent)
    payment: Payment | None = db.session.scalar(known) if intent else None
    if payment is None:
        payment = Payment(
            user_id=order.user_id,
            order_id=order.id,
            stripe_account=order.stripe_account,
            livemode=order.livemode,
            stripe_payment_intent_id=intent,
            status=PaymentStatus.PAID.value,
            amount=amount,
            currency=order.currency,
            amount_refunded=0,
            description=PLANS_BY_KEY[order.plan_key].name,
            created_at=time_of(created),
            paid_at=time_of(created),
        )
        db.session.add(payment)
    return payment


def _values(invoice: Mapping[str, Any], status: PaymentStatus) -> dict[str, Any]:
    is_paid = status == PaymentStatus.PAID
    return {
        "stripe_invoice_id": invoice["id"],
        "stripe_subscription_id": id_of(_subscription_details(invoice).get("subscription")),
        "status": status.value,
        "amount": invoice["amount_paid"] if is_paid else invoice["amount_due"],
        "currency": invoice["currency"],
        "number": invoice.get("number"),
        "description": _description(invoice),
        "hosted_invoice_url": invoice.get("hosted_invoice_url"),
        "invoice_pdf": invoice.get("invoice_pdf"),
        "attempt_count": invoice["attempt_count"],
        "next_attempt_at": None if is_paid else time_of(invoice.get("next_payment_attempt")),
        "created_at": time_of(invoice["created"]),
        "paid_at": _paid_at(invoice) if is_paid else None,
    }


def _is_older(values: Mapping[str, Any], payment: Payment) -> bool:
    stored = PaymentStatus(payment.status)
    incoming = PaymentStatus(values["status"])
    if PaymentStatus.PAID in (stored, incoming):
        return stored == PaymentStatus.PAID
    else:
        return (values["attempt_count"], RANK[incoming]) <= (payment.attempt_count, RANK[stored])


def _subscription_details(invoice: Mapping[str, Any]) -> Mapping[str, Any]:
    parent = invoice.get("parent") or {}
    return parent.get("subscription_details") or {}


def _description(invoice: Mapping[str, Any]) -> str:
    lines = (invoice.get("lines") or {}).get("data") or [{}]
    return str(invoice.get("description") or lines[0].get("description") or "")[:255]


def _paid_at(invoice: Mapping[str, Any]) -> datetime:
    return time_of((invoice.get("status_transitions") or {}).get("paid_at")) or utcnow()


def _mail_about(payment: Payment, user: User) -> None:
    """Tell the user once for each attempt at an invoice, whichever of its events comes first."""
    queue_mail(
        f"payment_{payment.status}",
        to=user.email,
        user_id=user.id,
        cause=f"invoice_attempt:{payment.stripe_invoice_id}:{payment.attempt_count}",
        context={
            "amount": payment.amount,
            "currency": payment.currency,
            "hosted_invoice_url": payment.hosted_invoice_url,
            "next_attempt_at": payment.next_attempt_at.isoformat() if payment.next_attempt_at else None,
        },
    )
