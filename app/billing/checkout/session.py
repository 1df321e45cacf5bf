"""The Checkout Session of an order, made from the order alone, so that making it twice makes it once."""

from typing import Any

import sqlalchemy as sa
from flask import current_app

from app.auth.models import User
from app.billing.catalog.plans import LARGEST_AMOUNT, MOST_SEATS, current_catalog
from app.billing.customers import locale_of
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.objects import CheckoutSessionObject
from app.billing.models.payments import Order
from app.database import db


def create_session(order: Order, scope: StripeScope) -> CheckoutSessionObject:
    """Create the session of an order, or get the one again that was created with the order's key. Commits.

    https://docs.stripe.com/api/checkout/sessions/create
    """
    gateway = get_gateway()
    params = _params(order, scope)
    key = f"order-{order.id}"
    db.session.commit()
    with gateway.errors():
        created = gateway.v1.checkout.sessions.create(params, scope.options(key)).to_dict()
    return CheckoutSessionObject.read(created)


def success_url(session_id: str) -> str:
    """Where Checkout sends the buyer back to."""
    return f"{current_app.extensions['settings'].site_url}/checkout/success?session_id={session_id}"


def _params(order: Order, scope: StripeScope) -> dict[str, Any]:
    settings = current_app.extensions["settings"]
    # Ids only: metadata is shown to whoever may see the account.
    metadata = {"userId": str(order.user_id), "orderId": str(order.id)}
    params: dict[str, Any] = {
        "customer": order.stripe_customer_id,
        "client_reference_id": str(order.id),
        "line_items": [_line_item(order)],
        # Said every time: Stripe would choose by the buyer's place where a price has several.
        "currency": order.currency,
        "allow_promotion_codes": True,
        "metadata": metadata,
        # Said every time, for some accounts begin with it and have no switch. It cannot be used through Connect.
        "managed_payments": {"enabled": settings.stripe_managed_payments and not scope.is_connected},
        "success_url": success_url("{CHECKOUT_SESSION_ID}"),
        "cancel_url": _cancel_url(order),
        **locale_of(_language_of(order)),
    }
    if settings.stripe_automatic_tax:
        # Tax needs an address, and Checkout may keep the one it asks for.
        params |= {"automatic_tax": {"enabled": True}, "customer_update": {"address": "auto"}}
    if order.interval:
        collection = {} if _trial_needs_card(order) else {"payment_method_collection": "if_required"}
        data = _subscription_data(order, metadata)
        return params | {"mode": "subscription", "subscription_data": data, **collection}
    else:
        # A subscription has invoices by itself; a single payment has one when it is asked for.
        invoice = {"enabled": True, "invoice_data": {"metadata": metadata}}
        payment = {"payment_intent_data": {"metadata": metadata}, "invoice_creation": invoice}
        return params | {"mode": "payment", **payment}


def _cancel_url(order: Order) -> str:
    """The prices again, in the currency that was chosen."""
    address = f"{current_app.extensions['settings'].site_url}/pricing?checkout=cancelled"
    return address if order.currency == current_catalog().currency else f"{address}&currency={order.currency}"


def _language_of(order: Order) -> str | None:
    """The buyer's, by their account alone: made twice, a session is the same."""
    language: str | None = db.session.scalar(sa.select(User.language).where(User.id == order.user_id))
    return language


def _line_item(order: Order) -> dict[str, Any]:
    item: dict[str, Any] = {"price": order.stripe_price_id, "quantity": order.seats}
    if current_catalog().is_per_seat(order.plan_key, order.interval):
        most = min(MOST_SEATS, LARGEST_AMOUNT // (order.amount // order.seats))
        item["adjustable_quantity"] = {"enabled": True, "minimum": 1, "maximum": most}
    return item


def _subscription_data(order: Order, metadata: dict[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {"metadata": metadata}
    if order.trial_days:
        data["trial_period_days"] = order.trial_days
    if not _trial_needs_card(order):
        # Who never gave a card has nothing to be charged to: it is over, and can be bought like any other.
        data["trial_settings"] = {"end_behavior": {"missing_payment_method": "cancel"}}
    return data


def _trial_needs_card(order: Order) -> bool:
    """Whether a card is asked for at once; only a plan that says otherwise, and only a trial, begins without."""
    plan = current_catalog().plan(order.plan_key)
    return not order.trial_days or plan is None or plan.trial_needs_card
