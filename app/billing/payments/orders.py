"""Orders: what somebody set out to buy, and what became of it."""

import logging
import uuid

import sqlalchemy as sa

from app.auth.models import User
from app.billing.catalog.plans import Price, Role, current_catalog, trial_days_of
from app.billing.changes import Changes
from app.billing.customers import lock_user
from app.billing.errors import StripeUnavailable
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Order
from app.billing.payments.trials import has_used_trial
from app.billing.roles.decision import role_of_order
from app.billing.statuses import OrderState
from app.database import db
from app.mail.outbox import queue_mail

logger = logging.getLogger(__name__)


def close_order(order: Order, state: OrderState) -> Changes:
    """Mark an order that was not paid `failed` or `expired`; a paid one stays as it is. Locks the user."""
    locked, user = lock_order(order)
    if locked is None or locked.state != OrderState.PENDING:
        return {}
    locked.state = state.value
    if user and state == OrderState.FAILED and locked.interval is None:
        _mail_about_failure(locked, user)
    return order_change(locked, OrderState.PENDING, state)


def _mail_about_failure(order: Order, user: User) -> None:
    """Say that a payment which took days did not come; of a subscription's, its invoice tells."""
    queue_mail(
        "order_failed",
        to=user.email,
        user_id=user.id,
        cause=f"order_failed:{order.id}",
        context={"plan_name": current_catalog().plan_name(order.plan_key)},
    )


def lock_order(order: Order) -> tuple[Order | None, User | None]:
    """The order as it is now, and its user, who is locked first; None for what is gone."""
    user = lock_user(order.user_id) if order.user_id else None
    return db.session.get(Order, order.id, populate_existing=True, with_for_update=True), user


def order_change(order: Order, before: OrderState | str, after: OrderState) -> Changes:
    """The audit of an order's new state."""
    return {f"order {order.id}": {"before": {"state": str(before)}, "after": {"state": after.value}}}


def claim_order(
    user: User, price: Price, scope: StripeScope, *, stripe_price_id: str, customer: str | None, seats: int = 1
) -> Order:
    """The user's order that is still open, whatever it is for, or else a new one for this price. Commits.

    The user's row is locked meanwhile, and the database allows one open order a user: two tabs get the same one.
    """
    locked = lock_user(user.id)
    if locked is None:
        raise StripeUnavailable("The account was deleted meanwhile.")
    open_order = next(iter(pending_orders(user.id, scope)), None)
    if open_order is None:
        role = _role_of(price)
        open_order = Order(
            user_id=user.id,
            plan_key=price.plan_key,
            role=role.key,
            role_rank=role.rank,
            interval=price.interval.value if price.interval else None,
            seats=seats,
            amount=price.amount * seats,
            currency=price.currency,
            trial_days=_trial_days(user.id, price, scope),
            stripe_price_id=stripe_price_id,
            stripe_customer_id=customer,
            stripe_account=scope.stripe_account,
            livemode=scope.livemode,
        )
        db.session.add(open_order)
    db.session.commit()
    return open_order


def discard_order(order: Order) -> None:
    """Take back an order that never got a session, so that nothing half-made stays. Commits."""
    # The row may be gone already: the other tab gave the order up.
    order_id: uuid.UUID = sa.inspect(order).identity[0]
    db.session.rollback()
    never_opened = sa.delete(Order).where(Order.id == order_id, Order.stripe_checkout_session_id.is_(None))
    db.session.execute(never_opened.where(Order.state == OrderState.PENDING))
    db.session.commit()


def bought_for_good(user: User, scope: StripeScope) -> list[Order]:
    """The user's orders of one-time plans that still stand, the highest role first."""
    query = sa.select(Order).where(
        Order.user_id == user.id, Order.interval.is_(None), Order.state == OrderState.FULFILLED, scope.covers(Order)
    )
    return sorted(db.session.scalars(query), key=lambda order: -role_of_order(order).rank)


def _role_of(price: Price) -> Role:
    catalog = current_catalog()
    plan = catalog.plan(price.plan_key)
    return catalog.role(plan.role) if plan else catalog.lowest_role


def _trial_days(user_id: uuid.UUID, price: Price, scope: StripeScope) -> int:
    """The days of free trial that this price begins with for this user: it is for a first subscription alone."""
    plan = current_catalog().plan(price.plan_key)
    offered = trial_days_of(plan) if plan and price.is_recurring else 0
    return offered if offered and not has_used_trial(user_id, scope) else 0


def pending_orders(user_id: uuid.UUID, scope: StripeScope) -> list[Order]:
    """The user's orders that may still be paid, newest first."""
    query = (
        sa.select(Order)
        .where(Order.user_id == user_id, Order.state == OrderState.PENDING, scope.covers(Order))
        .order_by(Order.created_at.desc())
    )
    return list(db.session.scalars(query))
