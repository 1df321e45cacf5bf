"""How the business does over time: who stays, what is lost and won back, and what each plan brings. Minor units, UTC.

All are summed by the database, within one account and mode, and currencies are never added up.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.billing.catalog.plans import current_catalog
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Order, Payment
from app.billing.models.subscription import Subscription
from app.billing.reports import CHARGES_A_MONTH, MONTHS_SHOWN, PAYING, TAKEN_BACK, last_months, month_of
from app.billing.statuses import PaymentStatus, SubscriptionStatus
from app.database import db, utcnow

WINDOW = timedelta(days=90)


@dataclass(frozen=True)
class Cohort:
    """Those who began to pay in one month, and how many of them still paid 0, 1, 2, … months later."""

    month: str
    kept: list[int]

    @property
    def started(self) -> int:
        return self.kept[0]

    @property
    def percents(self) -> list[int]:
        return [round(100 * kept / self.started) for kept in self.kept]


@dataclass(frozen=True)
class Share:
    """A part of a whole, such as trials that were paid for in the end."""

    part: int
    whole: int

    @property
    def percent(self) -> float:
        return round(100 * self.part / self.whole, 1) if self.whole else 0.0


@dataclass(frozen=True)
class PlanRevenue:
    """What a plan brought, by interval (None for once) and currency: gross, and less what went back or was lost."""

    plan: str
    interval: str | None
    currency: str
    gross: int
    net: int


def cohorts(scope: StripeScope, months: int = MONTHS_SHOWN) -> list[Cohort]:
    """The last months' cohorts, oldest first; months in which nobody began are left out.

    Somebody counts once, from their first subscription that was paid for to the end of their last.
    """
    lives = _lives_of_payers(scope).subquery()
    began, ended = month_of(lives.c.began), month_of(lives.c.ended)
    shown = last_months(utcnow(), months)
    first_day = datetime.fromisoformat(f"{shown[0]}-01T00:00:00+00:00")
    query = sa.select(began, ended, sa.func.count()).where(lives.c.began >= first_day).group_by(began, ended)
    counted: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for start, end, count in db.session.execute(query):
        lived = shown.index(end) - shown.index(start) if end else months
        counted[start].append((lived, count))
    return [
        Cohort(month, [sum(n for lived, n in counted[month] if lived >= age) for age in range(months - position)])
        for position, month in enumerate(shown)
        if month in counted
    ]


def trial_conversion(scope: StripeScope, window: timedelta = WINDOW) -> Share:
    """Of the trials that ended in the window, how many went on as paid subscriptions."""
    now = utcnow()
    went_on = sa.or_(Subscription.ended_at.is_(None), Subscription.ended_at > Subscription.trial_end)
    is_paid = sa.and_(went_on, Subscription.status.in_((*PAYING, SubscriptionStatus.CANCELED)))
    query = sa.select(sa.func.count(), sa.func.count(sa.case((is_paid, 1)))).where(
        scope.covers(Subscription), Subscription.trial_end.between(now - window, now)
    )
    whole, part = db.session.execute(query).one()
    return Share(part, whole)


def recovered_payments(scope: StripeScope, window: timedelta = WINDOW) -> dict[str, tuple[int, int]]:
    """What failed at first in the window and was paid after all, and what is still unpaid, by currency."""
    is_recovered = sa.and_(Payment.status == PaymentStatus.PAID, Payment.attempt_count > 1)
    is_unpaid = Payment.status.in_((PaymentStatus.FAILED, PaymentStatus.ACTION_REQUIRED))
    query = (
        sa.select(
            Payment.currency,
            sa.func.sum(sa.case((is_recovered, Payment.amount), else_=0)),
            sa.func.sum(sa.case((is_unpaid, Payment.amount), else_=0)),
        )
        .where(scope.covers(Payment), Payment.created_at >= utcnow() - window, sa.or_(is_recovered, is_unpaid))
        .group_by(Payment.currency)
    )
    return {code: (int(recovered), int(unpaid)) for code, recovered, unpaid in db.session.execute(query)}


def revenue_churn(scope: StripeScope, window: timedelta = timedelta(days=30)) -> dict[str, Share]:
    """Of what the subscriptions that ran when the window began bring in a month, how much has ended since."""
    start = utcnow() - window
    rhythm = (Subscription.currency, Subscription.interval, Subscription.interval_count)
    has_ended = sa.case((Subscription.ended_at.is_not(None), Subscription.amount), else_=0)
    never_paid = sa.and_(Subscription.ended_at.is_not(None), Subscription.ended_at <= Subscription.trial_end)
    query = (
        sa.select(*rhythm, sa.func.sum(Subscription.amount), sa.func.sum(has_ended))
        .where(
            scope.covers(Subscription),
            Subscription.status.in_((*PAYING, SubscriptionStatus.CANCELED)),
            Subscription.started_at <= start,
            sa.or_(Subscription.ended_at.is_(None), Subscription.ended_at > start),
            sa.not_(sa.func.coalesce(never_paid, sa.false())),
            Subscription.interval.is_not(None),
        )
        .group_by(*rhythm)
    )
    exact: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for currency, interval, count, amount, ended in db.session.execute(query):
        a_month = CHARGES_A_MONTH.get(interval, 0) / count
        exact[currency][0] += int(ended or 0) * a_month
        exact[currency][1] += int(amount or 0) * a_month
    return {currency: Share(round(ended), round(whole)) for currency, (ended, whole) in exact.items()}


def reasons_for_leaving(scope: StripeScope, window: timedelta = timedelta(days=365)) -> dict[str, int]:
    """What those who cancelled answered in the portal, most frequent first; see the words on each subscription."""
    answer = Subscription.cancellation_feedback
    query = (
        sa.select(answer, sa.func.count())
        .where(scope.covers(Subscription), answer.is_not(None), Subscription.canceled_at >= utcnow() - window)
        .group_by(answer)
    )
    found = {str(words): int(count) for words, count in db.session.execute(query)}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def revenue_by_plan(scope: StripeScope, window: timedelta = timedelta(days=365)) -> list[PlanRevenue]:
    """What each plan brought in the window, by interval and currency, the largest first."""
    plan = sa.func.coalesce(Order.plan_key, Subscription.plan_key)
    grouped = (plan, Subscription.interval, Payment.currency)
    of_subscription = Subscription.stripe_subscription_id == Payment.stripe_subscription_id
    query = (
        sa.select(*grouped, sa.func.sum(Payment.amount), sa.func.sum(Payment.amount - TAKEN_BACK))
        .outerjoin(Order, Order.id == Payment.order_id)
        .outerjoin(Subscription, of_subscription)
        .where(scope.covers(Payment), Payment.status == PaymentStatus.PAID, Payment.paid_at >= utcnow() - window)
        .group_by(*grouped)
    )
    catalog = current_catalog()
    found = [
        PlanRevenue(catalog.plan_name(key) if key else "Other", interval, currency, int(gross), int(net))
        for key, interval, currency, gross, net in db.session.execute(query)
    ]
    return sorted(found, key=lambda row: (row.currency, -row.net, row.plan))


def _lives_of_payers(scope: StripeScope) -> sa.Select[tuple[datetime, datetime | None]]:
    """When each payer's first subscription began, and when their last one ended; None while one goes on."""
    began = sa.func.min(sa.func.coalesce(Subscription.trial_end, Subscription.started_at))
    goes_on = sa.func.max(sa.case((Subscription.ended_at.is_(None), 1), else_=0)) == 1
    ended = sa.case((goes_on, None), else_=sa.func.max(Subscription.ended_at))
    never_paid = sa.and_(Subscription.ended_at.is_not(None), Subscription.ended_at <= Subscription.trial_end)
    return (
        sa.select(began.label("began"), ended.label("ended"))
        .where(
            scope.covers(Subscription),
            Subscription.user_id.is_not(None),
            Subscription.started_at.is_not(None),
            Subscription.status.in_((*PAYING, SubscriptionStatus.CANCELED, SubscriptionStatus.UNPAID)),
            sa.not_(sa.func.coalesce(never_paid, sa.false())),
        )
        .group_by(Subscription.user_id)
    )
