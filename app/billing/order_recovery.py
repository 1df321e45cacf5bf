"""Settling orders whose webhook was lost, by asking Stripe what became of their sessions."""

from datetime import timedelta

from flask import current_app

from app.auth.models import User
from app.billing.accounts import Home
from app.billing.effects import Changes
from app.billing.errors import StripeObjectMissing
from app.billing.fulfilment import fulfil_checkout_session
from app.billing.gateway import StripeObject, get_gateway
from app.billing.models import Order
from app.billing.orders import close_order, pending_orders
from app.billing.statuses import OrderState
from app.database import utcnow

# Checkout's sessions live for a day, and so does the key that an order's session is created with.
ABANDONED_AFTER = timedelta(days=1)
# What a PaymentIntent says when its slow payment did not come.
UNPAID = ("requires_payment_method", "canceled")


def settle_pending_orders(user: User, home: Home, *, cause: str) -> Changes:
    """Fulfil or close the open orders of this (locked) user as their sessions stand; one that may yet be paid stays.

    Raises `StripeUnavailable` when Stripe cannot be asked.
    """
    changes: Changes = {}
    for order in pending_orders(user.id, home):
        changes |= _settle(order, _session_of(order), home, cause)
    return changes


def _settle(order: Order, session: StripeObject | None, home: Home, cause: str) -> Changes:
    named = {"client_reference_id": str(order.id)}
    if session is None:
        is_abandoned = order.created_at < utcnow() - ABANDONED_AFTER
        return close_order(named, OrderState.EXPIRED).changes if is_abandoned else {}
    elif session["status"] == "expired":
        return close_order(named, OrderState.EXPIRED).changes
    elif session["status"] == "complete":
        changes = fulfil_checkout_session(session, home, cause=cause).changes
        return changes | (close_order(named, OrderState.FAILED).changes if _has_failed(session) else {})
    else:
        return {}


def _session_of(order: Order) -> StripeObject | None:
    gateway = get_gateway()
    if order.stripe_checkout_session_id:
        try:
            return gateway.retrieve("checkout.session", order.stripe_checkout_session_id, expand=["payment_intent"])
        except StripeObjectMissing:
            return None
    elif current_app.extensions["settings"].stripe_payment_link_lifetime and not order.stripe_price_id:
        return _paid_through_link(order)
    else:
        return None


def _paid_through_link(order: Order) -> StripeObject | None:
    """A Payment Link tells us of no session before it is paid: look for one that names the order."""
    gateway = get_gateway()
    params = {"status": "complete", "created": {"gte": int(order.created_at.timestamp())}, "limit": 100}
    with gateway.errors():
        for session in gateway.v1.checkout.sessions.list(params, gateway.options()).auto_paging_iter():
            if session.client_reference_id == str(order.id):
                found: StripeObject = session.to_dict()
                return found
    return None


def _has_failed(session: StripeObject) -> bool:
    """Whether the slow payment of a completed session will not come."""
    intent = session["payment_intent"]
    return session["payment_status"] == "unpaid" and isinstance(intent, dict) and intent["status"] in UNPAID
