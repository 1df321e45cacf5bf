"""Which order a charge paid for, and what Stripe has of its disputes."""

from typing import Any

import sqlalchemy as sa

from app.auth.models import User
from app.billing.changes import Changes
from app.billing.errors import StripeObjectMissing
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import ChargeObject, DisputeObject, RefundObject
from app.billing.gateway.read import Kind, list_page
from app.billing.models.payments import Order, Payment
from app.billing.payments.one_time import payment_of
from app.billing.payments.order_lookup import order_named_in, order_sold_by_link, order_with
from app.billing.payments.orders import order_change
from app.billing.roles.decision import role_changes
from app.billing.statuses import OrderState
from app.database import db


def known_order(paid: ChargeObject | DisputeObject | RefundObject, scope: StripeScope) -> Order | None:
    """The order that a charge, dispute or refund is of: by its PaymentIntent, or by what we wrote into metadata."""
    intent = paid.payment_intent
    query = sa.select(Order).where(Order.stripe_payment_intent_id == intent, scope.covers(Order))
    order = db.session.scalar(query) if intent else None
    if order is None and (payment := payment_of(intent)):
        order = order_with(payment.order_id, scope)
    if order is None:
        named = order_named_in(paid.metadata, scope)
        order = named if named and named.interval is None else None
    return order


def is_paid_otherwise(order: Order, intent: str | None) -> bool:
    """Whether another payment than this one, which nobody has refunded, pays for the order."""
    query = sa.select(Payment.id).where(
        Payment.order_id == order.id,
        Payment.stripe_payment_intent_id != intent,
        Payment.amount_refunded < Payment.amount,
    )
    return db.session.scalar(query.limit(1)) is not None


def set_order_state(order: Order, after: OrderState, user: User | None, scope: StripeScope, cause: str) -> Changes:
    """Put the order into a state, and decide the role again."""
    before, order.state = order.state, after.value
    if before == after:
        return {}
    changes = order_change(order, before, after)
    return changes | role_changes(user, scope, cause) if user else changes


def order_of(paid: ChargeObject | DisputeObject | RefundObject, scope: StripeScope) -> Order | None:
    """The order that a charge, dispute or refund belongs to; asks Stripe where it may be a Payment Link's."""
    intent = paid.payment_intent
    order = known_order(paid, scope)
    if order or intent is None or payment_of(intent):
        return order
    else:
        return order_sold_by_link(intent, scope)


def disputes_of(charge_id: str, scope: StripeScope) -> list[DisputeObject]:
    """Every dispute of a charge, newest first: there can be several, one after the other or for a part each."""
    return first_page(DisputeObject, scope, charge=charge_id)


def first_page(kind: type[Kind], scope: StripeScope, **params: Any) -> list[Kind]:
    """One page of these, newest first: what is older was compared on an earlier night."""
    try:
        return list_page(kind, scope, **params)
    except StripeObjectMissing:
        # The customer is gone from Stripe; what is recorded of the payments stays.
        return []
