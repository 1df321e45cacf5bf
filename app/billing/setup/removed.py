"""What has gone from the catalogue while something rests on it: nobody loses it, and the operator is told."""

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from app.billing.catalog.plans import current_catalog
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Order
from app.billing.models.roles import Grant
from app.billing.models.subscription import Subscription
from app.billing.statuses import ENDED_STATUSES, OrderState
from app.database import db, utcnow

# An order that was paid once and may still give its role, and one that somebody may be paying for.
BOUGHT_ONCE = sa.and_(Order.interval.is_(None), Order.state.in_([OrderState.FULFILLED, OrderState.DISPUTED]))
RESTING = sa.or_(BOUGHT_ONCE, Order.state == OrderState.PENDING)


def removed_in_use(scope: StripeScope) -> list[str]:
    """One line for each plan, price (in a currency) and role that something rests on and the catalogue lacks."""
    counts: Counter[tuple[str, str]] = Counter()
    for thing, what, count in [*_subscriptions(scope), *_orders(scope), *_grants()]:
        counts[thing, what] += count
    resting: dict[str, list[str]] = {}
    for (thing, what), count in sorted(counts.items()):
        resting.setdefault(thing, []).append(f"{count} {what if count == 1 else f'{what}s'}")
    return [f"{thing} has gone from the catalogue; on it rest: {', '.join(what)}" for thing, what in resting.items()]


def _subscriptions(scope: StripeScope) -> Iterator[tuple[str, str, int]]:
    row = Subscription
    is_live = sa.and_(scope.covers(row), row.status.not_in(ENDED_STATUSES))
    grouped = (row.plan_key, row.interval, row.role, row.currency)
    query = sa.select(*grouped, sa.func.count()).where(is_live).group_by(*grouped)
    for plan_key, interval, role, currency, count in db.session.execute(query):
        for thing in _gone(plan_key, interval, role, currency):
            yield thing, "subscription", count


def _orders(scope: StripeScope) -> Iterator[tuple[str, str, int]]:
    row = Order
    grouped = (row.plan_key, row.interval, row.role, row.state, row.currency)
    query = sa.select(*grouped, sa.func.count()).where(scope.covers(row), RESTING).group_by(*grouped)
    for plan_key, interval, role, state, currency, count in db.session.execute(query):
        is_open = state == OrderState.PENDING
        # What was paid once is paid, in whatever currency.
        for thing in _gone(plan_key, interval, role, currency if is_open else None):
            yield thing, "open order" if is_open else "order", count


def _grants() -> Iterator[tuple[str, str, int]]:
    row = Grant
    is_given = sa.and_(row.revoked_at.is_(None), sa.or_(row.until.is_(None), row.until > utcnow()))
    query = sa.select(row.role, sa.func.count()).where(is_given).group_by(row.role)
    for role, count in db.session.execute(query):
        if not current_catalog().has_role(role):
            yield f"role {role}", "grant", count


def _gone(plan_key: str | None, interval: str | None, role: str | None, currency: str | None) -> Iterator[str]:
    """What of this is not in the catalogue. A plan that is there gives the role that it has now."""
    plan = current_catalog().plan(plan_key)
    if plan_key is None:
        return
    elif plan is None:
        yield f"plan {plan_key}"
        if role and not current_catalog().has_role(role):
            yield f"role {role}"
        return
    name = f"price {plan_key}_{interval}" if interval else f"price {plan_key}"
    prices = [price for price in plan.prices if price.interval == interval]
    if not prices:
        yield name
    elif currency and all(price.in_currency(currency) is None for price in prices):
        yield f"{name} in {currency.upper()}"
