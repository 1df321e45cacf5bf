"""Which order a Stripe object belongs to. Only what our own server wrote is believed.

Metadata can be written by whoever has the secret key. A `client_reference_id` can be written by whoever opens a Payment
Link of the account, of any product: it proves nothing by itself.
"""

import logging
import uuid

import sqlalchemy as sa
from flask import current_app

from app.billing.asking import ask
from app.billing.catalog.entitlements import price_known_as
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import CheckoutSessionObject, Metadata
from app.billing.gateway.read import list_page, retrieve
from app.billing.models.payments import Order
from app.database import db, parse_uuid

logger = logging.getLogger(__name__)


def find_order(session: CheckoutSessionObject, scope: StripeScope) -> Order | None:
    """The order that a Checkout Session was made for; None for a session of anybody else's.

    Inside `ask_then_lock`: asks Stripe what was sold where a Payment Link's visitor names an order.
    """
    return order_named_in(session.metadata, scope) or _order_with_session(session.id, scope) or _linked(session, scope)


def order_named_in(metadata: Metadata, scope: StripeScope) -> Order | None:
    """The order whose id and user our server wrote into an object's metadata; None where the two do not match."""
    order = order_with(metadata.order_id, scope)
    if order and order.user_id in (None, metadata.user_id):
        return order
    else:
        return None


def order_with(order_id: uuid.UUID | None, scope: StripeScope) -> Order | None:
    """The order with this id, if it was sold in this account and mode: an id in a link can be anybody's."""
    found = sa.select(Order).where(Order.id == order_id, scope.covers(Order))
    order: Order | None = db.session.scalar(found) if order_id else None
    return order


def order_sold_by_link(intent: str, scope: StripeScope) -> Order | None:
    """The order that this PaymentIntent paid through a Payment Link: only its session has our id."""
    if not current_app.extensions["settings"].stripe_payment_links:
        return None
    sessions = ask(_sessions_paid_with, intent, scope)
    return find_order(sessions[0], scope) if sessions else None


def _order_with_session(session_id: str, scope: StripeScope) -> Order | None:
    known = sa.select(Order).where(Order.stripe_checkout_session_id == session_id, scope.covers(Order))
    order: Order | None = db.session.scalar(known)
    return order


def _linked(session: CheckoutSessionObject, scope: StripeScope) -> Order | None:
    """The order that a Payment Link's visitor names, if it was sold by a link and its plan's own price is paid."""
    order = order_with(parse_uuid(session.client_reference_id), scope)
    if order is None or not order.is_sold_by_link or session.mode != "payment":
        return None
    elif ask(_plans_sold, session.id, scope) == (order.plan_key,):
        return order
    else:
        logger.error("Session %s names order %s and sold something else: ignored.", session.id, order.id)
        return None


def _plans_sold(session_id: str, scope: StripeScope) -> tuple[str | None, ...]:
    """For each thing that a session sells, the plan whose one-time price of the catalogue it is, or None."""
    session = retrieve(CheckoutSessionObject, session_id, scope, expand=["line_items"])
    prices = [line.price for line in session.line_items.data] if session.line_items else []
    known = [price_known_as(price.id, price.lookup_key) if price else None for price in prices]
    return tuple(price.plan_key if price and not price.is_recurring else None for price in known)


def _sessions_paid_with(intent: str, scope: StripeScope) -> list[CheckoutSessionObject]:
    return list_page(CheckoutSessionObject, scope, payment_intent=intent, limit=1)
