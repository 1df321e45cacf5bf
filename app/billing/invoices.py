"""What a Stripe invoice says, as a payment's row keeps it. https://docs.stripe.com/api/invoices/object"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.billing.snapshots import id_of, time_of
from app.billing.statuses import PaymentStatus
from app.database import utcnow


def invoice_values(invoice: Mapping[str, Any], status: PaymentStatus) -> dict[str, Any]:
    """The columns of `Payment` that an invoice sets."""
    is_paid = status == PaymentStatus.PAID
    return {
        "stripe_invoice_id": invoice["id"],
        "stripe_subscription_id": id_of(subscription_details(invoice).get("subscription")),
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


def subscription_details(invoice: Mapping[str, Any]) -> Mapping[str, Any]:
    """Which subscription the invoice is for, with the metadata that it had."""
    parent = invoice.get("parent") or {}
    return parent.get("subscription_details") or {}


def intent_that_pays(invoice: Mapping[str, Any]) -> str | None:
    """The PaymentIntent that collects the invoice, where `payments` was expanded."""
    payments = [one for one in (invoice.get("payments") or {}).get("data", []) if one["status"] != "canceled"]
    default = max(payments, key=lambda one: bool(one["is_default"]), default=None)
    return id_of(default["payment"].get("payment_intent")) if default else None


def _description(invoice: Mapping[str, Any]) -> str:
    """What the invoice is for: its own words, or its largest line. The first may be the credit for the plan before."""
    lines = (invoice.get("lines") or {}).get("data") or [{}]
    largest = max(lines, key=lambda line: line.get("amount") or 0)
    return str(invoice.get("description") or largest.get("description") or "")[:255]


def _paid_at(invoice: Mapping[str, Any]) -> datetime:
    return time_of((invoice.get("status_transitions") or {}).get("paid_at")) or utcnow()
