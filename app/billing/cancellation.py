"""Ending everything a user pays for, before the account goes."""

import uuid

import sqlalchemy as sa

from app.auth.models import User
from app.billing.customers import customer_of
from app.billing.errors import StripeObjectMissing, StripeRefused, StripeUnavailable
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.read import subscriptions_of
from app.billing.models.payments import Order
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.billing.payments.orders import close_order, pending_orders
from app.billing.reconcile.users import sync_user
from app.billing.statuses import ENDED_STATUSES, OrderState
from app.billing.subscriptions.lookup import live_subscriptions
from app.database import db, end_transaction


def cancel_subscriptions(user: User) -> None:
    """Cancel every subscription of this user at Stripe, whatever its state, and expire an open checkout. Commits.

    Raises `StripeUnavailable` if one could not be ended; whoever deletes the account must then delete nothing.
    """
    if not _may_pay_at_stripe(user.id):
        # There is nothing at Stripe, and no reason to need it.
        return
    scope = current_scope()
    customer, orders = customer_of(user.id, scope), pending_orders(user.id, scope)
    sessions = {order.id: order.stripe_checkout_session_id for order in orders}
    known = {row.stripe_subscription_id for row in live_subscriptions(user, scope)}
    end_transaction()
    for order_id, session_id in sessions.items():
        _close(order_id, session_id, scope)
    seen = _cancel_all(customer, scope) if customer else set()
    # The operator can make a subscription for the user with another customer.
    for subscription_id in known - seen:
        _cancel(subscription_id, scope)
    sync_user(user, cause="account deleted")


def has_customer(user: User) -> bool:
    """Whether this user has a customer at Stripe in this mode, wherever it is."""
    livemode = get_gateway().livemode
    query = sa.exists().where(StripeCustomer.user_id == user.id, StripeCustomer.livemode == livemode)
    return bool(db.session.scalar(sa.select(query)))


def erase_customer(user: User) -> None:
    """Delete this user's customer at Stripe, with the address and cards that it holds. Commits.

    What was paid stays there, as the law asks. Raises `StripeUnavailable` when it could not be done.
    """
    if not has_customer(user):
        return
    scope, gateway = current_scope(), get_gateway()
    customer = customer_of(user.id, scope)
    end_transaction()
    if customer is None:
        return
    try:
        with gateway.errors():
            gateway.v1.customers.delete(customer, {}, scope.options())
    except StripeObjectMissing:
        return
    except StripeRefused as error:
        raise StripeUnavailable("Stripe did not delete the customer.") from error


def _may_pay_at_stripe(user_id: uuid.UUID) -> bool:
    """Whether this user has anything in this mode; the account is not known before a new key's first question."""
    livemode = get_gateway().livemode
    rows = [
        sa.exists().where(StripeCustomer.user_id == user_id, StripeCustomer.livemode == livemode),
        sa.exists().where(Order.user_id == user_id, Order.livemode == livemode, Order.state == OrderState.PENDING),
        sa.exists().where(
            Subscription.user_id == user_id,
            Subscription.livemode == livemode,
            Subscription.status.not_in(ENDED_STATUSES),
        ),
    ]
    return bool(db.session.scalar(sa.select(sa.or_(*rows))))


def _close(order_id: uuid.UUID, session_id: str | None, scope: StripeScope) -> None:
    """Expire an order's session, so that nobody pays for an account that is gone. Commits."""
    gateway = get_gateway()
    if session_id:
        try:
            with gateway.errors():
                gateway.v1.checkout.sessions.expire(session_id, {}, scope.options())
        except (StripeRefused, StripeObjectMissing):
            # It is over already; if it was paid, its subscription is among those to cancel.
            pass
    order = db.session.get(Order, order_id)
    if order:
        close_order(order, OrderState.EXPIRED)
    db.session.commit()


def _cancel_all(customer: str, scope: StripeScope) -> set[str]:
    """Cancel what this customer pays for; return all the subscriptions that it has had."""
    try:
        subscriptions = subscriptions_of(customer, scope)
    except StripeObjectMissing:
        return set()
    for subscription in subscriptions:
        if subscription.status not in ENDED_STATUSES:
            _cancel(subscription.id, scope)
    return {subscription.id for subscription in subscriptions}


def _cancel(subscription_id: str, scope: StripeScope) -> None:
    gateway = get_gateway()
    try:
        with gateway.errors():
            gateway.v1.subscriptions.cancel(subscription_id, {}, scope.options())
    except StripeObjectMissing:
        return
    except StripeRefused as error:
        raise StripeUnavailable("Stripe did not cancel the subscription.") from error
