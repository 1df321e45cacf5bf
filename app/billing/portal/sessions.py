"""The customer portal: its front page, and the deep links into one task."""

import logging
from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.auth.models import User
from app.billing.catalog.plans import Price
from app.billing.customers import customer_is_gone, customer_of, locale_of
from app.billing.errors import BillingError, NoCustomer, StripeMisconfigured, StripeObjectMissing, StripeRefused
from app.billing.gateway.account import StripeScope, current_scope, require_connection
from app.billing.gateway.client import get_gateway
from app.billing.gateway.prices import forget_prices, price_id
from app.billing.models.subscription import Subscription
from app.billing.portal import configuration as portal_configuration
from app.billing.reconcile.users import sync_user
from app.billing.subscriptions.lookup import live_subscription, subscription_to_change
from app.database import begin_write, db, end_transaction

logger = logging.getLogger(__name__)
FLOWS = ("payment_method_update", "subscription_cancel", "subscription_update")


def open_portal(user: User, flow: str | None = None) -> str:
    """The address of a portal session for this user, straight into one task if `flow` names one. Commits.

    Raises `NoCustomer` before the first checkout, `ValueError` for an unknown flow, `StripeUnavailable`.
    A task that does not fit the subscription's state leads to the portal's front page.
    https://docs.stripe.com/customer-management/portal-deep-links
    """
    if flow and flow not in FLOWS:
        raise ValueError(f"The portal has no flow {flow}.")
    require_connection()
    scope = current_scope()
    subscription = subscription_to_change(user, scope) or live_subscription(user, scope)
    customer = subscription.stripe_customer_id if subscription else customer_of(user.id, scope)
    if customer is None:
        raise NoCustomer("The user has no Stripe customer yet.")
    return _open(customer, _flow_data(flow, subscription), scope, user.language)


def change_plan(subscription: Subscription, price: Price, seats: int | None, scope: StripeScope) -> str:
    """The address of the portal's page that confirms a change to this price, with what it costs. Commits.

    Where that page does not fit (the same price for as many seats, a one-time price, a subscription that first needs
    a payment), it is the portal's front page. The user's own plan is never charged at another price than theirs.
    """
    flow = None
    language = db.session.scalar(sa.select(User.language).where(User.id == subscription.user_id))
    if price.is_recurring and subscription.stripe_item_id and not subscription.needs_payment:
        is_own = (price.plan_key, price.interval) == (subscription.current_plan_key, subscription.interval)
        own_price = subscription.stripe_price_id if is_own else None
        end_transaction()
        target = own_price or price_id(price, scope)
        seats_after = _seats_after(subscription, price, seats)
        if target != subscription.stripe_price_id or (price.per_seat and seats_after != subscription.quantity):
            flow = _confirm_flow(subscription, target, seats_after)
    return _open(subscription.stripe_customer_id, flow, scope, language)


def return_from_portal(user: User) -> None:
    """Catch up with what this user just did in the portal: the account page comes sooner than Stripe's events. Commits.

    If Stripe cannot be asked, the page tells what is known, and the events will come.
    """
    begin_write()
    try:
        sync_user(user, cause="return from the portal", with_payments=True)
    except BillingError as error:
        db.session.rollback()
        logger.warning("Nothing could be read from Stripe on the return from the portal: %s", error)


def _flow_data(flow: str | None, subscription: Subscription | None) -> dict[str, Any] | None:
    if flow == "payment_method_update":
        return {"type": flow, "after_completion": _return_to_account()}
    elif flow and subscription:
        target = {"subscription": subscription.stripe_subscription_id}
        return {"type": flow, flow: target, "after_completion": _return_to_account()}
    else:
        return None


def _seats_after(subscription: Subscription, price: Price, seats: int | None) -> int:
    """Seats go along to a plan that has them: those asked for, or those that are paid for now. Else there is one."""
    return (seats or subscription.quantity) if price.per_seat else 1


def _confirm_flow(subscription: Subscription, target: str, seats: int) -> dict[str, Any]:
    return {
        "type": "subscription_update_confirm",
        "subscription_update_confirm": {
            "subscription": subscription.stripe_subscription_id,
            "items": [{"id": subscription.stripe_item_id, "price": target, "quantity": seats}],
        },
        "after_completion": _return_to_account(),
    }


def _return_to_account() -> dict[str, Any]:
    return {"type": "redirect", "redirect": {"return_url": _account_url()}}


def _account_url() -> str:
    return f"{current_app.extensions['settings'].site_url}/account?from=portal"


def _open(customer: str, flow: dict[str, Any] | None, scope: StripeScope, language: str | None) -> str:
    """The address of a portal session; a task that does not fit the subscription's state is left out. Commits."""
    end_transaction()
    for task in (flow, None):
        try:
            return _create(customer, task, scope, language)
        except (StripeRefused, StripeObjectMissing) as error:
            logger.warning("Stripe refused a portal session: %s", error)
            # It may be the configuration that is gone, or the price.
            _forget_configuration()
            forget_prices()
    if customer_is_gone(customer, scope):
        raise NoCustomer("Stripe no longer has this customer.")
    else:
        raise StripeMisconfigured("Stripe refused the portal session.")


def _create(customer: str, flow: dict[str, Any] | None, scope: StripeScope, language: str | None) -> str:
    gateway = get_gateway()
    given = {"configuration": _configuration_id(scope), "flow_data": flow, **locale_of(language)}
    params = {"customer": customer, "return_url": _account_url(), **{k: v for k, v in given.items() if v}}
    with gateway.errors():
        return str(gateway.v1.billing_portal.sessions.create(params, scope.options()).url)


def _configuration_id(scope: StripeScope) -> str | None:
    """Our portal configuration, looked up once; None before the first push, when the account's default serves."""
    found: dict[StripeScope, str | None] = current_app.extensions.setdefault("stripe_portal_configuration", {})
    if not found.get(scope):
        configuration = portal_configuration.find(get_gateway(), scope)
        found[scope] = configuration["id"] if configuration else None
    return found[scope]


def _forget_configuration() -> None:
    """Look our portal configuration up again."""
    current_app.extensions.pop("stripe_portal_configuration", None)
