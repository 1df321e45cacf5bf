"""Starting a purchase: the order first, then one Checkout Session for it, never two subscriptions."""

import logging
from typing import Any

from flask import current_app

from app.auth.models import User
from app.billing.asking import ask_then_lock
from app.billing.catalog.plans import Price, current_catalog
from app.billing.checkout.session import create_session, success_url
from app.billing.customers import customer_is_gone, ensure_customer, replace_customer
from app.billing.errors import (
    AlreadyOwned,
    BilledInOtherCurrency,
    NoCustomer,
    StripeMisconfigured,
    StripeObjectMissing,
    StripeRefused,
    StripeUnavailable,
)
from app.billing.gateway.account import StripeScope, current_scope, require_connection
from app.billing.gateway.client import get_gateway
from app.billing.gateway.connection import TURNED_AWAY
from app.billing.gateway.objects import CheckoutSessionObject, CustomerObject
from app.billing.gateway.prices import forget_prices, price_id, price_id_now
from app.billing.gateway.read import retrieve
from app.billing.models.payments import Order
from app.billing.models.subscription import Subscription
from app.billing.payments.fulfillment import fulfill_checkout_session
from app.billing.payments.orders import bought_for_good, claim_order, close_order, discard_order
from app.billing.portal.sessions import change_plan
from app.billing.reconcile.users import sync_user
from app.billing.roles.decision import role_of_order
from app.billing.statuses import OrderState
from app.billing.subscriptions.lookup import billed_currency, subscription_to_change
from app.database import db, end_transaction
from app.mail.alerts import end_alerts

logger = logging.getLogger(__name__)
# An earlier order of the user is settled in each round, and two tabs can make one each.
ROUNDS = 4


def start_checkout(user: User, price: Price, seats: int | None = None) -> str:
    """The address to send the user to: a Checkout Session for this price, or the portal's change page.

    With a subscription that is not over, another one is always the portal's; what is paid once can be bought beside it.
    Without `seats`, one is bought, and those that are
    paid for now go along to another plan. Raises `AlreadyOwned` for someone who has bought
    as much for good, and `StripeUnavailable` with nothing half-made left behind. Commits; no lock is held while
    Stripe works.
    https://docs.stripe.com/payments/checkout/build-subscriptions
    """
    try:
        return _start(user, price, seats)
    except (StripeRefused, StripeObjectMissing) as error:
        db.session.rollback()
        logger.exception("Stripe refused a checkout.")
        raise StripeMisconfigured(f"Stripe refused the checkout: {error}") from error


def _start(user: User, price: Price, seats: int | None) -> str:
    require_connection()
    scope = current_scope()
    price = _in_currency_of(user, price, scope)
    for _ in range(ROUNDS):
        subscription = subscription_to_change(user, scope)
        if subscription and price.is_recurring:
            address = _change(user, subscription, price, seats, scope)
        else:
            _refuse_what_is_owned(user, price, scope)
            address = _sell(user, price, seats or 1, scope)
        if address:
            return address
    raise StripeUnavailable("An earlier order could not be settled.")


def _in_currency_of(user: User, price: Price, scope: StripeScope) -> Price:
    """The price in the one currency that this user, or everybody, is billed in; else as it was chosen."""
    if len(price.in_every_currency) == 1:
        return price
    currency = billed_currency(user, scope) or current_app.extensions["settings"].currency
    return price.in_currency(currency) or price


def _refuse_what_is_owned(user: User, price: Price, scope: StripeScope) -> None:
    """Raise `AlreadyOwned` when the user has bought for good at least what this price would give."""
    catalog = current_catalog()
    plan, owned = catalog.plan(price.plan_key), bought_for_good(user, scope)
    if plan and owned and role_of_order(owned[0]).rank >= catalog.role(plan.role).rank:
        raise AlreadyOwned(owned[0].plan_key)


def _change(user: User, subscription: Subscription, price: Price, seats: int | None, scope: StripeScope) -> str | None:
    """The portal's page for the change; None when Stripe no longer has the customer, and so not the subscription."""
    try:
        return change_plan(subscription, price, seats, scope)
    except NoCustomer:
        sync_user(user, cause="checkout")
        return None


def _sell(user: User, price: Price, seats: int, scope: StripeScope) -> str | None:
    """The address of a session for this price; None when an earlier order had to be settled first."""
    link = current_app.extensions["settings"].stripe_payment_links.get(price.plan_key)
    if link and not price.is_recurring:
        order = claim_order(user, price, scope, stripe_price_id="", customer=None)
        separator = "&" if "?" in link else "?"
        address = f"{link}{separator}client_reference_id={order.id}"
        return address if _is_for(order, price, seats) else _settle(order, price, seats, scope)
    stripe_price_id = price_id(price, scope)
    customer = ensure_customer(user, scope)
    order = claim_order(user, price, scope, stripe_price_id=stripe_price_id, customer=customer, seats=seats)
    try:
        return _settle(order, price, seats, scope)
    except StripeObjectMissing:
        _recover_from_missing(user, order, scope)
        return None
    except StripeRefused:
        discard_order(order)
        if price_id_now(price, scope) == stripe_price_id:
            _explain_refusal(customer, price, seats, scope)
            raise
        # The remembered price was replaced in Stripe by one that charges the same.
        return None
    except StripeUnavailable:
        discard_order(order)
        raise


def _explain_refusal(customer: str, price: Price, seats: int, scope: StripeScope) -> None:
    """Raise `BilledInOtherCurrency` where that is why Stripe refused: for something that we did not sell, perhaps."""
    billed_in = retrieve(CustomerObject, customer, scope).currency
    if billed_in not in (None, price.currency):
        raise BilledInOtherCurrency(str(billed_in), price.plan_key, price.interval, seats)


def _settle(order: Order, price: Price, seats: int, scope: StripeScope) -> str | None:
    """The address of this order's open session, if it is for this price; else close the order: None. Commits."""
    session = _session_of(order, scope)
    if session is None or session.status == "expired":
        close_order(order, OrderState.EXPIRED)
        db.session.commit()
        return None
    elif session.status == "complete":
        ask_then_lock(lambda: fulfill_checkout_session(session, scope, cause="checkout"))
        db.session.commit()
        # Complete and not paid: a slow payment method. It counts as bought until Stripe says otherwise.
        return success_url(session.id) if order.state == OrderState.PENDING else None
    elif _is_for(order, price, seats):
        return session.url
    else:
        _expire(order, session, scope)
        return None


def _session_of(order: Order, scope: StripeScope) -> CheckoutSessionObject | None:
    """The order's session as Stripe has it; made now for a new order, None where there is none (any more). Commits."""
    if order.stripe_checkout_session_id:
        return _retrieve(order.stripe_checkout_session_id, scope)
    elif not order.stripe_price_id:
        return None
    order_id = order.id
    session = create_session(order, scope)
    stored = db.session.get(Order, order_id, populate_existing=True, with_for_update=True)
    if stored is None:
        raise StripeUnavailable("The order was given up meanwhile.")
    if stored.state != OrderState.PENDING:
        # Another tab chose another plan meanwhile, or the account is being deleted: nobody may pay for this one.
        _expire(stored, session, scope)
        return None
    stored.stripe_checkout_session_id = session.id
    stored.checkout_expires_at = session.expires_at
    end_alerts(TURNED_AWAY)
    db.session.commit()
    return session


def _retrieve(session_id: str, scope: StripeScope) -> CheckoutSessionObject | None:
    """The session; None for one that was made with another key, or by an emulator that has been reset. Commits."""
    end_transaction()
    try:
        return retrieve(CheckoutSessionObject, session_id, scope)
    except StripeObjectMissing:
        return None


def _is_for(order: Order, price: Price, seats: int) -> bool:
    return (order.plan_key, order.interval, order.seats, order.amount, order.currency) == (
        price.plan_key,
        price.interval,
        seats,
        price.amount * seats,
        price.currency,
    )


def _expire(order: Order, session: CheckoutSessionObject, scope: StripeScope) -> None:
    """Expire the session of another plan; if it was paid this very moment, the next round finds that out. Commits."""
    end_transaction()
    gateway = get_gateway()
    try:
        with gateway.errors():
            gateway.v1.checkout.sessions.expire(session.id, {}, scope.options())
    except StripeRefused:
        return
    close_order(order, OrderState.EXPIRED)
    db.session.commit()


def _recover_from_missing(user: User, order: Order, scope: StripeScope) -> None:
    """Something that the order rests on is gone from Stripe: the customer, or the price."""
    customer: Any = order.stripe_customer_id
    discard_order(order)
    forget_prices()
    if customer and customer_is_gone(customer, scope):
        replace_customer(user, scope, customer)
