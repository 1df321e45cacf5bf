"""How the business does over time: who stays, what is lost and won back, and what each plan brings. Minor units, UTC.

All are summed by the database, within one account and mode, and currencies are never added up. `now` is Stripe's, which
in development may be another than this machine's.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.billing import figure_rows as rows
from app.billing.catalog.plans import current_catalog
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.reports import MONTHLY_AMOUNT, MONTHS_SHOWN, PAYING, TAKEN_BACK, first_day, last_months, month_of
from app.billing.statuses import SubscriptionStatus
from app.database import db, utcnow


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
    plan_key: str | None = None


@dataclass(frozen=True)
class Recovery:
    """What became of what failed at first: paid after all, still asked for, or given up."""

    recovered: int = 0
    unpaid: int = 0
    given_up: int = 0


def cohorts(scope: StripeScope, months: int = MONTHS_SHOWN, now: datetime | None = None) -> list[Cohort]:
    """The last months' cohorts, oldest first; months in which nobody began are left out.

    Somebody counts once, from their first subscription that was paid for to the end of their last.
    """
    lives = rows.lives_of_payers(scope).subquery()
    began, ended = month_of(lives.c.began), month_of(lives.c.ended)
    shown = last_months(now or utcnow(), months)
    query = sa.select(began, ended, sa.func.count()).where(lives.c.began >= first_day(shown[0])).group_by(began, ended)
    counted: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for start, end, count in db.session.execute(query):
        lived = shown.index(end) - shown.index(start) if end in shown else months
        counted[start].append((lived, count))
    return [
        Cohort(month, [sum(n for lived, n in counted[month] if lived >= age) for age in range(months - position)])
        for position, month in enumerate(shown)
        if month in counted
    ]


def trial_conversion(scope: StripeScope, now: datetime | None = None) -> Share:
    """Of the trials that ended in the last three months, how many went on as paid subscriptions."""
    went_on = sa.or_(Subscription.ended_at.is_(None), Subscription.ended_at > Subscription.trial_end)
    is_paid = sa.and_(went_on, Subscription.status.in_((*PAYING, SubscriptionStatus.CANCELED)))
    trials = rows.ended_trials(scope, now or utcnow())
    query = trials.with_only_columns(sa.func.count(), sa.func.count(sa.case((is_paid, 1))))
    whole, part = db.session.execute(query).one()
    return Share(part, whole)


def recovered_payments(scope: StripeScope, now: datetime | None = None) -> dict[str, Recovery]:
    """What became of what failed at first in the last three months, by currency."""
    moment = now or utcnow()
    sums = {
        "recovered": _by_currency(rows.recovered_payments(scope, moment)),
        "unpaid": _by_currency(rows.unpaid_payments(scope, moment)),
        "given_up": _by_currency(rows.given_up_payments(scope, moment)),
    }
    currencies = sorted({currency for found in sums.values() for currency in found})
    return {code: Recovery(**{name: found.get(code, 0) for name, found in sums.items()}) for code in currencies}


def revenue_churn(scope: StripeScope, now: datetime | None = None) -> dict[str, Share]:
    """Of what the subscriptions that ran 30 days ago bring in a month, how much has ended since."""
    has_ended = sa.case((Subscription.ended_at.is_not(None), MONTHLY_AMOUNT), else_=0)
    paid = rows.subscriptions_that_paid(scope, now or utcnow())
    query = paid.with_only_columns(Subscription.currency, sa.func.sum(has_ended), sa.func.sum(MONTHLY_AMOUNT))
    found = db.session.execute(query.group_by(Subscription.currency))
    return {str(currency): Share(int(ended), int(whole)) for currency, ended, whole in found}


def reasons_for_leaving(scope: StripeScope, now: datetime | None = None) -> dict[str, int]:
    """What those who cancelled in the last year answered in the portal, most frequent first."""
    answer = Subscription.cancellation_feedback
    answered = rows.answered_subscriptions(scope, now or utcnow())
    query = answered.with_only_columns(answer, sa.func.count()).group_by(answer)
    found = {str(words): int(count) for words, count in db.session.execute(query)}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def revenue_by_plan(scope: StripeScope, now: datetime | None = None) -> list[PlanRevenue]:
    """What each plan brought in the last year, by interval and currency, the largest first."""
    grouped = (rows.PLAN, Subscription.interval, Payment.currency)
    paid = rows.paid_payments(scope, (now or utcnow()) - rows.YEAR)
    query = paid.with_only_columns(*grouped, *_sums()).group_by(*grouped)
    catalog = current_catalog()
    found = [
        PlanRevenue(catalog.plan_name(key) if key else "Other", interval, currency, int(gross), int(net), key)
        for key, interval, currency, gross, net in db.session.execute(query)
    ]
    return sorted(found, key=lambda row: (row.currency, -row.net, row.plan))


def totals(payments: sa.Select[Payment]) -> dict[str, tuple[int, int]]:
    """What these payments come to, gross and net, by currency."""
    query = payments.with_only_columns(Payment.currency, *_sums()).group_by(Payment.currency)
    return {str(currency): (int(gross), int(net)) for currency, gross, net in db.session.execute(query)}


def monthly_totals(subscriptions: sa.Select[Subscription]) -> dict[str, int]:
    """What these subscriptions bring in a month, or brought while they ran, by currency."""
    query = subscriptions.with_only_columns(Subscription.currency, sa.func.sum(MONTHLY_AMOUNT))
    found = db.session.execute(query.where(Subscription.currency.is_not(None)).group_by(Subscription.currency))
    return {str(currency): int(amount or 0) for currency, amount in found}


def _sums() -> tuple[sa.ColumnElement[Any], ...]:
    return sa.func.sum(Payment.amount), sa.func.sum(Payment.amount - TAKEN_BACK)


def _by_currency(payments: sa.Select[Payment]) -> dict[str, int]:
    return {currency: gross for currency, (gross, _) in totals(payments).items()}
