"""The rows that each figure is made of: the figure sums them, and the page behind it lists them."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Order, Payment
from app.billing.models.subscription import Subscription
from app.billing.reports import IN_A_MONTH, NEVER_PAID, PAYING, first_day, in_month, ran_at
from app.billing.statuses import PaymentStatus, SubscriptionStatus

MONTH, QUARTER, YEAR = timedelta(days=30), timedelta(days=90), timedelta(days=365)
NOT_PAID_YET = (PaymentStatus.FAILED, PaymentStatus.ACTION_REQUIRED)
# What somebody bought, by the order or else by the subscription.
PLAN = sa.func.coalesce(Order.plan_key, Subscription.plan_key)
ONCE, OTHER = "once", "other"


def paying_subscriptions(scope: StripeScope) -> sa.Select[Subscription]:
    """What recurring revenue is made of."""
    return sa.select(Subscription).where(
        scope.covers(Subscription), Subscription.status.in_(PAYING), IN_A_MONTH > 0, Subscription.currency.is_not(None)
    )


def lost_subscriptions(scope: StripeScope, now: datetime) -> sa.Select[Subscription]:
    """What ended of what ran a month ago: the customers lost, trials too."""
    return sa.select(Subscription).where(ran_at(scope, now - MONTH), Subscription.ended_at.is_not(None))


def subscriptions_that_paid(scope: StripeScope, now: datetime) -> sa.Select[Subscription]:
    """What brought something in a month ago, whether it has ended since or not."""
    return sa.select(Subscription).where(
        ran_at(scope, now - MONTH),
        Subscription.status.in_((*PAYING, SubscriptionStatus.CANCELED)),
        ~NEVER_PAID,
        Subscription.interval.is_not(None),
    )


def ended_trials(scope: StripeScope, now: datetime) -> sa.Select[Subscription]:
    """The subscriptions whose trial ended in the last three months."""
    return sa.select(Subscription).where(scope.covers(Subscription), Subscription.trial_end.between(now - QUARTER, now))


def answered_subscriptions(scope: StripeScope, now: datetime) -> sa.Select[Subscription]:
    """Those cancelled in the last year whose owner said why."""
    answer = Subscription.cancellation_feedback
    return sa.select(Subscription).where(
        scope.covers(Subscription), answer.is_not(None), Subscription.canceled_at >= now - YEAR
    )


def subscriptions_of_cohort(scope: StripeScope, month: str) -> sa.Select[Subscription]:
    """Every subscription of those whose first paid one began in a month."""
    lives = lives_of_payers(scope).subquery()
    members = sa.select(lives.c.user_id).where(in_month(lives.c.began, month))
    return sa.select(Subscription).where(scope.covers(Subscription), Subscription.user_id.in_(members), HAS_PAID)


HAS_PAID = sa.and_(
    Subscription.started_at.is_not(None),
    Subscription.status.in_((*PAYING, SubscriptionStatus.CANCELED, SubscriptionStatus.UNPAID)),
    ~NEVER_PAID,
)


def lives_of_payers(scope: StripeScope) -> sa.Select[tuple[datetime, datetime | None]]:
    """When each payer's first subscription began, and when their last one ended; None while one goes on."""
    began = sa.func.min(sa.func.coalesce(Subscription.trial_end, Subscription.started_at))
    goes_on = sa.func.max(sa.case((Subscription.ended_at.is_(None), 1), else_=0)) == 1
    ended = sa.case((goes_on, None), else_=sa.func.max(Subscription.ended_at))
    return (
        sa.select(Subscription.user_id, began.label("began"), ended.label("ended"))
        .where(scope.covers(Subscription), Subscription.user_id.is_not(None), HAS_PAID)
        .group_by(Subscription.user_id)
    )


def paid_payments(scope: StripeScope, since: datetime) -> sa.Select[Payment]:
    """What revenue is made of, each with its order and subscription joined."""
    of_subscription = Subscription.stripe_subscription_id == Payment.stripe_subscription_id
    return (
        sa.select(Payment)
        .outerjoin(Order, Order.id == Payment.order_id)
        .outerjoin(Subscription, of_subscription)
        .where(scope.covers(Payment), Payment.status == PaymentStatus.PAID, Payment.paid_at >= since)
    )


def payments_of_month(scope: StripeScope, month: str, currency: str) -> sa.Select[Payment]:
    """What a month's revenue is made of."""
    return paid_payments(scope, first_day(month)).where(in_month(Payment.paid_at, month), Payment.currency == currency)


def payments_of_plan(scope: StripeScope, plan: str, interval: str, currency: str, now: datetime) -> sa.Select[Payment]:
    """What a plan brought in the last year; `ONCE` is the interval of what was bought once, `OTHER` no plan."""
    is_plan = PLAN.is_(None) if plan == OTHER else PLAN.in_([plan])
    is_rhythm = Subscription.interval.is_(None) if interval == ONCE else Subscription.interval == interval
    return paid_payments(scope, now - YEAR).where(is_plan, is_rhythm, Payment.currency == currency)


def recovered_payments(scope: StripeScope, now: datetime) -> sa.Select[Payment]:
    """What failed at first in the last three months, and was paid after all."""
    return _asked_for(scope, now).where(Payment.status == PaymentStatus.PAID, Payment.attempt_count > 1)


def unpaid_payments(scope: StripeScope, now: datetime) -> sa.Select[Payment]:
    """What failed in the last three months, and is still asked for."""
    return _asked_for(scope, now).where(Payment.status.in_(NOT_PAID_YET))


def given_up_payments(scope: StripeScope, now: datetime) -> sa.Select[Payment]:
    """What was asked for in the last three months, and is asked for no more."""
    is_over = Payment.status.in_((PaymentStatus.UNCOLLECTIBLE, PaymentStatus.VOID))
    return _asked_for(scope, now).where(is_over, Payment.attempt_count > 0)


def _asked_for(scope: StripeScope, now: datetime) -> sa.Select[Payment]:
    return sa.select(Payment).where(scope.covers(Payment), Payment.created_at >= now - QUARTER)
