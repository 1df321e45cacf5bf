"""What Stripe says of a user's latest payments, asked with a bounded number of questions."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.billing.accounts import Home
from app.billing.customers import customer_of
from app.billing.errors import StripeObjectMissing
from app.billing.gateway import StripeObject, get_gateway
from app.billing.invoices import intent_that_pays
from app.billing.models import Order
from app.billing.orders import order_in_metadata
from app.billing.snapshots import id_of
from app.billing.statuses import PaymentStatus
from app.database import db

# One page of each kind, newest first: what is older was compared on an earlier night.
PAGE = 100
# What an open invoice's PaymentIntent says of an attempt; while a debit is processing, nothing has failed.
ATTEMPTS = {
    "requires_payment_method": PaymentStatus.FAILED,
    "requires_action": PaymentStatus.ACTION_REQUIRED,
    "requires_confirmation": PaymentStatus.ACTION_REQUIRED,
}


@dataclass(frozen=True)
class PaymentsAtStripe:
    """Invoices with their status in our words, charges that went through, and the disputes of one-time orders."""

    invoices: list[tuple[StripeObject, PaymentStatus]]
    charges: list[StripeObject]
    disputes: list[StripeObject]


def read_payments(user_id: uuid.UUID, home: Home) -> PaymentsAtStripe:
    """Ask Stripe for a user's latest payments: two questions for most, one more for each oddity. Ends the transaction.

    Nothing is locked meanwhile: a payment stays paid and refunds only grow, so an answer that has aged does no harm.
    """
    customer, intents = customer_of(user_id, home), _intents_of_orders(user_id, home)
    db.session.commit()
    v1 = get_gateway().v1
    invoices = _page(v1.invoices, customer=customer, expand=["data.payments"]) if customer else []
    charges = _page(v1.charges, customer=customer) if customer else []
    # Who pays through a Payment Link can do so as a guest.
    for intent in intents - {id_of(charge["payment_intent"]) for charge in charges}:
        charges += _page(v1.charges, payment_intent=intent)
    charges = [charge for charge in charges if charge["status"] == "succeeded"]
    disputed = [charge for charge in charges if charge["disputed"] and _is_for_order(charge, intents)]
    disputes = [dispute for charge in disputed for dispute in disputes_of(charge["id"])]
    return PaymentsAtStripe(_with_status(invoices), charges, disputes)


def disputes_of(charge_id: str) -> list[StripeObject]:
    """Every dispute of a charge, newest first: there can be several, one after the other or for a part each."""
    return _page(get_gateway().v1.disputes, charge=charge_id)


def _intents_of_orders(user_id: uuid.UUID, home: Home) -> set[str]:
    query = sa.select(Order.stripe_payment_intent_id).where(
        Order.user_id == user_id,
        Order.stripe_payment_intent_id.is_not(None),
        home.owns(Order),
    )
    return set(db.session.scalars(query))


def _is_for_order(charge: Mapping[str, Any], intents: set[str]) -> bool:
    return id_of(charge["payment_intent"]) in intents or order_in_metadata(charge) is not None


def _with_status(invoices: list[StripeObject]) -> list[tuple[StripeObject, PaymentStatus]]:
    """The invoices that were paid, and those that an attempt to pay has failed for."""
    found = [(invoice, PaymentStatus.PAID) for invoice in invoices if invoice["status"] == "paid"]
    attempted = [invoice for invoice in invoices if invoice["status"] == "open" and invoice["attempt_count"]]
    if attempted:
        intents = _page(get_gateway().v1.payment_intents, customer=id_of(attempted[0]["customer"]))
        status_of = {intent["id"]: ATTEMPTS.get(intent["status"]) for intent in intents}
        told = [(invoice, status_of.get(intent_that_pays(invoice) or "")) for invoice in attempted]
        found += [(invoice, status) for invoice, status in told if status]
    return found


def _page(service: Any, **params: Any) -> list[StripeObject]:
    gateway = get_gateway()
    try:
        with gateway.errors():
            return [one.to_dict() for one in service.list({**params, "limit": PAGE}, gateway.options()).data]
    except StripeObjectMissing:
        # The customer is gone from Stripe; what is recorded of the payments stays.
        return []
