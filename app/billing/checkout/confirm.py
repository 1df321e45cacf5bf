"""Coming back from Checkout: the same fulfillment as the webhook's, for whoever is first."""

import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from app.auth.models import User
from app.billing.asking import ask, ask_then_lock
from app.billing.catalog.plans import current_catalog
from app.billing.errors import StillChanging, StripeObjectMissing, UnknownSession
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.gateway.objects import CheckoutSessionObject
from app.billing.gateway.read import retrieve
from app.billing.models.payments import Order
from app.billing.payments.fulfillment import fulfill_checkout_session
from app.billing.payments.invoices import payment_of_invoice
from app.billing.payments.order_lookup import find_order
from app.billing.statuses import OrderState
from app.database import db

SESSION_PREFIX = "cs_"
WORDS = {
    OrderState.FULFILLED: "fulfilled",
    OrderState.PENDING: "confirming",
    OrderState.MISMATCHED: "mismatched",
    OrderState.REFUNDED: "reversed",
    OrderState.DISPUTED: "reversed",
}


@dataclass(frozen=True)
class CheckoutResult:
    """What became of a purchase: `state` is confirming, fulfilled, failed, mismatched or reversed."""

    state: str
    plan_name: str
    interval: str | None = None
    seats: int | None = None
    # What was paid in Checkout, discounts and taxes counted in: minor units.
    paid: int | None = None
    currency: str = ""
    receipt_number: str | None = None


def confirm_checkout(user: User, session_id: str) -> CheckoutResult:
    """Settle the order of this user's session; raise `UnknownSession` for an unknown one or somebody else's. Commits.

    Raises `StripeUnavailable` when Stripe cannot be asked. While the session's own events keep changing the order, it
    is told as it stands, and the page looks again.
    """
    if not session_id.startswith(SESSION_PREFIX) or not session_id.replace("_", "").isalnum():
        raise UnknownSession("That is no Checkout Session.")
    scope, user_id = current_scope(), user.id
    try:
        result = ask_then_lock(lambda: _confirm(user_id, session_id, scope))
    except StillChanging:
        result = _as_it_stands(user_id, session_id, scope)
    db.session.commit()
    return result


def _confirm(user_id: uuid.UUID, session_id: str, scope: StripeScope) -> CheckoutResult:
    try:
        session = ask(retrieve, CheckoutSessionObject, session_id, scope)
    except StripeObjectMissing as error:
        raise UnknownSession("Stripe has no such session.") from error
    order = find_order(session, scope)
    if order is None or order.user_id != user_id:
        raise UnknownSession("The session is not this user's.")
    fulfill_checkout_session(session, scope, cause=f"return from {session_id}")
    return _result(order, session)


def _as_it_stands(user_id: uuid.UUID, session_id: str, scope: StripeScope) -> CheckoutResult:
    known = sa.select(Order).where(Order.stripe_checkout_session_id == session_id, Order.user_id == user_id)
    order = db.session.scalars(known.where(scope.covers(Order))).one_or_none()
    if order is None:
        raise UnknownSession("No order of this user's has that session.")
    name = current_catalog().plan_name(order.plan_key)
    return CheckoutResult(WORDS.get(OrderState(order.state), "failed"), name, order.interval, order.counted_seats)


def _result(order: Order, session: CheckoutSessionObject) -> CheckoutResult:
    state, name = WORDS.get(OrderState(order.state), "failed"), current_catalog().plan_name(order.plan_key)
    paid, currency = session.amount_total, session.currency or order.currency
    receipt = payment_of_invoice(session.invoice) if session.invoice else None
    number = receipt.number if receipt else None
    return CheckoutResult(state, name, order.interval, order.counted_seats, paid, currency, number)
