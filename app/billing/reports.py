"""The operator's figures, summed by the database: revenue, MRR, subscribers, churn. Amounts in minor units."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from app.billing.catalog.entitlements import plan_of
from app.billing.catalog.plans import current_catalog
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.statuses import PaymentStatus, SubscriptionStatus
from app.database import db, utcnow

CHURN_WINDOW = timedelta(days=30)
_Moment = sa.ColumnElement[datetime | None] | sa.orm.InstrumentedAttribute[datetime | None]
MONTHS_SHOWN = 12
# How often each interval is charged in a month, as a fraction.
CHARGES_A_MONTH = {"day": (365, 12), "week": (365, 84), "month": (1, 1), "year": (1, 12)}
# Those who pay, or are about to after a failed payment; a trial is no revenue yet.
PAYING = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
SUBSCRIBED = (*PAYING, SubscriptionStatus.TRIALING)
# It ended with its trial, or before.
NEVER_PAID = sa.func.coalesce(
    sa.and_(Subscription.ended_at.is_not(None), Subscription.ended_at <= Subscription.trial_end), sa.false()
)

_LOST = sa.case((Payment.dispute_status == "lost", Payment.amount_disputed), else_=0)
# Of what was refunded, the bank may have taken a part once more; no payment brings in less than nothing.
TAKEN_BACK = sa.case(
    (Payment.amount_refunded + _LOST > Payment.amount, Payment.amount), else_=Payment.amount_refunded + _LOST
)
# All items count, less the discounts of the next charge, as Stripe last told: those that a schedule brings, and none
# that is used up; where nothing is charged again, those that it has. Tax is not ours, and credit is no discount.
_A_PERIOD = sa.func.coalesce(Subscription.amount, 0) - sa.func.coalesce(Subscription.period_discount, 0)
_TIMES = sa.case({name: times for name, (times, _) in CHARGES_A_MONTH.items()}, value=Subscription.interval, else_=0)
_PER = Subscription.interval_count * sa.case(
    {name: per for name, (_, per) in CHARGES_A_MONTH.items()}, value=Subscription.interval, else_=1
)
# What a subscription brings in a month while it is paid for: whole minor units, so that a total is the sum of its rows.
MONTHLY_AMOUNT = sa.case((_A_PERIOD <= 0, 0), else_=(2 * _A_PERIOD * _TIMES + _PER) // (2 * _PER))
# What it brings now: nothing is expected of a trial, nor while collection is paused.
IN_A_MONTH = sa.case(
    (sa.and_(Subscription.status.in_(PAYING), Subscription.is_collection_paused.is_(False)), MONTHLY_AMOUNT), else_=0
)


@dataclass(frozen=True)
class MonthOfRevenue:
    """What was paid in a month, or a day, and that less what has been refunded of it, or lost in a dispute."""

    month: str
    currency: str
    amount: int
    gross: int = 0


@dataclass(frozen=True)
class Churn:
    """How many of those who subscribed a month ago have ended since."""

    subscribed: int
    ended: int

    @property
    def percent(self) -> float:
        return round(100 * self.ended / self.subscribed, 1) if self.subscribed else 0.0


def revenue_by_month(
    scope: StripeScope, months: int = MONTHS_SHOWN, now: datetime | None = None
) -> list[MonthOfRevenue]:
    """The last months' revenue in each currency, oldest first; a month without any counts as zero."""
    shown = last_months(now or utcnow(), months)
    return _revenue(scope, month_of(Payment.paid_at), shown, first_day(shown[0]))


def revenue_by_day(scope: StripeScope, days: int, now: datetime | None = None) -> list[MonthOfRevenue]:
    """The same of the last days, today's last; each is named by its date."""
    today = (now or utcnow()).date()
    shown = [today - timedelta(days=ago) for ago in range(days - 1, -1, -1)]
    start = datetime.combine(shown[0], time(), UTC)
    return _revenue(scope, _day_of(Payment.paid_at), [day.isoformat() for day in shown], start)


def _revenue(
    scope: StripeScope, named: sa.ColumnElement[str], shown: list[str], start: datetime
) -> list[MonthOfRevenue]:
    query = (
        sa.select(named, Payment.currency, sa.func.sum(Payment.amount), sa.func.sum(Payment.amount - TAKEN_BACK))
        .where(scope.covers(Payment), Payment.status == PaymentStatus.PAID, Payment.paid_at >= start)
        .group_by(named, Payment.currency)
    )
    found = {(name, currency): (int(gross), int(net)) for name, currency, gross, net in db.session.execute(query)}
    currencies = sorted({currency for _, currency in found}) or [current_catalog().currency]
    return [
        MonthOfRevenue(name, code, *reversed(found.get((name, code), (0, 0)))) for code in currencies for name in shown
    ]


def monthly_recurring_revenue(scope: StripeScope) -> dict[str, int]:
    """What the paying subscriptions bring in a month, by currency: a year's price counts a twelfth a month.

    See `IN_A_MONTH`. A currency in which nothing is paid is left out.
    """
    query = (
        sa.select(Subscription.currency, sa.func.sum(IN_A_MONTH))
        .where(scope.covers(Subscription), Subscription.status.in_(PAYING), IN_A_MONTH > 0)
        .group_by(Subscription.currency)
    )
    return {str(currency): int(amount) for currency, amount in db.session.execute(query)}


@dataclass(frozen=True)
class PlanStanding:
    """How many people subscribe to a plan now, trials counted in, and what they bring in a month by currency."""

    plan: str
    subscribers: int
    monthly: dict[str, int]


def recurring_by_plan(scope: StripeScope) -> list[PlanStanding]:
    """Each plan that somebody subscribes to, the one with most people first."""
    grouped = (Subscription.stripe_price_id, Subscription.lookup_key, Subscription.plan_key, Subscription.currency)
    query = (
        sa.select(*grouped, sa.func.count(sa.distinct(Subscription.user_id)), sa.func.sum(IN_A_MONTH))
        .where(scope.covers(Subscription), Subscription.status.in_(SUBSCRIBED), Subscription.user_id.is_not(None))
        .group_by(*grouped)
    )
    people: defaultdict[str, int] = defaultdict(int)
    amounts: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for price_id, lookup_key, remembered, currency, count, amount in db.session.execute(query):
        plan = plan_of(price_id, lookup_key)
        key = plan.key if plan else remembered
        name = current_catalog().plan_name(key) if key else "Unknown plan"
        people[name] += count
        amounts[name][str(currency)] += int(amount)
    found = [PlanStanding(name, count, {c: a for c, a in amounts[name].items() if a}) for name, count in people.items()]
    return sorted(found, key=lambda row: -row.subscribers)


def active_subscribers_by_plan(scope: StripeScope) -> dict[str, int]:
    """How many people subscribe to each plan now, trials counted in; largest first."""
    return {row.plan: row.subscribers for row in recurring_by_plan(scope)}


def churn(scope: StripeScope, now: datetime | None = None) -> Churn:
    """Of the subscriptions that ran a month ago, how many have ended since."""
    ran = ran_at(scope, (now or utcnow()) - CHURN_WINDOW)
    query = sa.select(sa.func.count(), sa.func.count(Subscription.ended_at)).where(ran)
    subscribed, ended = db.session.execute(query).one()
    return Churn(subscribed, ended)


def ran_at(scope: StripeScope, start: datetime) -> sa.ColumnElement[bool]:
    """The condition of a subscription that had begun then, and had not ended."""
    return sa.and_(
        scope.covers(Subscription),
        Subscription.status != SubscriptionStatus.INCOMPLETE_EXPIRED,
        Subscription.started_at <= start,
        sa.or_(Subscription.ended_at.is_(None), Subscription.ended_at > start),
    )


def month_of(column: _Moment) -> sa.ColumnElement[str]:
    """The month as `2026-11`, in UTC, in the database's own words."""
    return _named(column, "YYYY-MM", "%Y-%m")


def _day_of(column: _Moment) -> sa.ColumnElement[str]:
    return _named(column, "YYYY-MM-DD", "%Y-%m-%d")


def _named(column: _Moment, of_postgresql: str, of_sqlite: str) -> sa.ColumnElement[str]:
    if db.engine.dialect.name == "postgresql":
        return sa.func.to_char(column, of_postgresql)
    else:
        return sa.func.strftime(of_sqlite, column)


def last_months(now: datetime, count: int) -> list[str]:
    """The names of this month and those before it, oldest first."""
    newest = now.year * 12 + now.month - 1
    return [f"{number // 12}-{number % 12 + 1:02d}" for number in range(newest - count + 1, newest + 1)]


def in_month(column: sa.ColumnElement[Any] | sa.orm.InstrumentedAttribute[Any], month: str) -> sa.ColumnElement[bool]:
    """The condition of a moment that lies in a month, written `2026-11`: a range, so that an index can find it."""
    begin = first_day(month)
    return sa.and_(column >= begin, column < (begin + timedelta(days=31)).replace(day=1))


def first_day(month: str) -> datetime:
    """When a month, written `2026-11`, begins."""
    return datetime.fromisoformat(f"{month}-01T00:00:00+00:00")


IS_STANDING = sa.and_(Payment.status == PaymentStatus.PAID.value, Payment.amount_refunded < Payment.amount)
# The orders that more than one payment stands for, and the first of each: what the order rests on. Few, so both are
# looked up, and never compared with every payment there is.
OF_ONE_ORDER = sa.and_(IS_STANDING, Payment.order_id.is_not(None))
PAID_TWICE = sa.select(Payment.order_id).where(OF_ONE_ORDER).group_by(Payment.order_id).having(sa.func.count() > 1)
FIRSTS = PAID_TWICE.with_only_columns(sa.func.min(Payment.id))
PAID_AGAIN = sa.select(Payment.id).where(Payment.order_id.in_(PAID_TWICE), Payment.id.not_in(FIRSTS))
# Their invoices were paid when the subscription had ended, perhaps with the deletion of the account.
CAME_LATE = (
    sa.select(Payment.id)
    .join(Subscription, Subscription.stripe_subscription_id == Payment.stripe_subscription_id)
    .where(Subscription.ended_at < Payment.paid_at)
)


def payments_to_refund(scope: StripeScope) -> sa.Select[Payment]:
    """The payments to be given back, or to be kept by somebody's decision; either takes one off this list.

    A payment for an order that could not be fulfilled is shown with its order.
    """
    return sa.select(Payment).where(
        scope.covers(Payment),
        IS_STANDING,
        Payment.settled_at.is_(None),
        Payment.id.in_(sa.union(PAID_AGAIN, CAME_LATE)),
    )


def keep_payment(payment_id: int, scope: StripeScope, by: str) -> bool:
    """Take a payment off the list of those to refund, as an operator decided; False when it is not on it. Commits."""
    listed = payments_to_refund(scope).with_only_columns(Payment.id).where(Payment.id == payment_id)
    keep = sa.update(Payment).where(Payment.id.in_(listed)).values(settled_at=utcnow(), settled_by=by)
    is_kept: bool = db.session.execute(keep.returning(Payment.id)).first() is not None
    db.session.commit()
    return is_kept


def count_payments_to_refund(scope: StripeScope) -> int:
    """How many payments wait to be given back."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(payments_to_refund(scope).subquery())) or 0
