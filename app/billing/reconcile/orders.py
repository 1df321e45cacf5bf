"""Settling orders whose webhook was lost, by asking Stripe what became of their sessions."""

from datetime import timedelta

import sqlalchemy as sa
from flask import current_app

from app.auth.models import User
from app.billing.asking import ask
from app.billing.changes import Changes
from app.billing.errors import StripeObjectMissing
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.objects import CheckoutSessionObject
from app.billing.gateway.read import retrieve
from app.billing.models.payments import Order
from app.billing.payments.fulfillment import fulfill_checkout_session
from app.billing.payments.orders import close_order, pending_orders
from app.billing.statuses import UNFULFILLED_STATES, OrderState
from app.database import db, utcnow

# Checkout's sessions live for a day, and so does the key that an order's session is created with.
ABANDONED_AFTER = timedelta(days=1)
# The slowest payment methods settle well within that, or fail.
SLOWEST_PAYMENT = timedelta(days=30)
MOST_SESSIONS = 100
# What a PaymentIntent says when its slow payment did not come.
UNPAID = ("requires_payment_method", "canceled")


def settle_pending_orders(user: User, scope: StripeScope, *, cause: str) -> Changes:
    """Fulfill or close the open orders of this (locked) user as their sessions stand; one that may yet be paid stays.

    Inside `ask_then_lock`.
    """
    changes: Changes = {}
    for order in pending_orders(user.id, scope):
        sessions = sessions_of(order, scope)
        for session in sessions:
            changes |= _settle(order, session, scope, cause)
        if not sessions and order.created_at < utcnow() - ABANDONED_AFTER:
            changes |= close_order(order, OrderState.EXPIRED)
    return changes


def sessions_of_deleted_users(scope: StripeScope) -> list[str]:
    """The Checkout Sessions that were open when their account was deleted, newest first. Ends the transaction.

    A slow payment may have come for them since.
    """
    query = sa.select(Order.stripe_checkout_session_id).where(
        Order.user_id.is_(None),
        Order.state.in_(UNFULFILLED_STATES),
        Order.stripe_checkout_session_id.is_not(None),
        Order.created_at > utcnow() - SLOWEST_PAYMENT,
        scope.covers(Order),
    )
    newest = query.order_by(Order.created_at.desc()).limit(MOST_SESSIONS)
    found = [session_id for session_id in db.session.scalars(newest) if session_id]
    db.session.commit()
    return found


def settle_session_of_deleted_user(session_id: str, scope: StripeScope, *, cause: str) -> Changes:
    """Record what was paid in a session whose account is gone."""
    try:
        session = ask(retrieve, CheckoutSessionObject, session_id, scope)
    except StripeObjectMissing:
        return {}
    return fulfill_checkout_session(session, scope, cause=cause).changes


def _settle(order: Order, session: CheckoutSessionObject, scope: StripeScope, cause: str) -> Changes:
    if session.status == "expired":
        return close_order(order, OrderState.EXPIRED)
    elif session.status == "complete":
        changes = fulfill_checkout_session(session, scope, cause=cause).changes
        return changes | (close_order(order, OrderState.FAILED) if _has_failed(session) else {})
    else:
        return {}


def sessions_of(order: Order, scope: StripeScope) -> list[CheckoutSessionObject]:
    """The order's Checkout Sessions as Stripe has them: one, none (any more), or through a Payment Link even two."""
    if order.stripe_checkout_session_id:
        try:
            return [ask(_session_with_payment, order.stripe_checkout_session_id, scope)]
        except StripeObjectMissing:
            return []
    elif order.plan_key in current_app.extensions["settings"].stripe_payment_links and not order.stripe_price_id:
        return ask(_paid_through_link, str(order.id), int(order.created_at.timestamp()), scope)
    else:
        return []


def _session_with_payment(session_id: str, scope: StripeScope) -> CheckoutSessionObject:
    return retrieve(CheckoutSessionObject, session_id, scope, expand=["payment_intent"])


def _paid_through_link(order_id: str, created_at: int, scope: StripeScope) -> list[CheckoutSessionObject]:
    """A Payment Link tells us of no session before it is paid: look for those that name the order, of each tab."""
    gateway = get_gateway()
    params = {"status": "complete", "created": {"gte": created_at}, "limit": 100}
    with gateway.errors():
        sessions = gateway.v1.checkout.sessions.list(params, scope.options()).auto_paging_iter()
        found = [session.to_dict() for session in sessions if session.client_reference_id == order_id]
    return [CheckoutSessionObject.read(session) for session in found]


def _has_failed(session: CheckoutSessionObject) -> bool:
    """Whether the slow payment of a completed session will not come."""
    return session.payment_status == "unpaid" and session.payment_intent_status in UNPAID
