"""The figures over time, against what was worked out by hand."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.auth.models import User
from app.billing import figures
from app.billing.figures import Recovery, Share
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.reports import last_months
from app.database import db, utcnow

OURS = StripeScope("acct_ours", False)


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def add_subscription(started_at: datetime, ended_at: datetime | None = None, **values: object) -> Subscription:
    user = User(email=f"{uuid.uuid4()}@example.com", password_hash="x")
    db.session.add(user)
    db.session.flush()
    row = {
        "stripe_subscription_id": f"sub_{uuid.uuid4()}", "user_id": user.id, "stripe_customer_id": "cus_1",
        "stripe_account": OURS.stripe_account, "livemode": False, "status": "canceled" if ended_at else "active",
        "plan_key": "pro", "amount": 2900, "currency": "usd", "interval": "month", "started_at": started_at,
        "ended_at": ended_at, "snapshot_at": utcnow(),
    } | values  # fmt: skip
    subscription = Subscription(**row)
    db.session.add(subscription)
    db.session.commit()
    return subscription


def add_payment(subscription: Subscription, amount: int = 2900, **values: object) -> None:
    row = {
        "stripe_account": OURS.stripe_account, "livemode": False, "stripe_invoice_id": f"in_{uuid.uuid4()}",
        "stripe_subscription_id": subscription.stripe_subscription_id, "status": "paid", "amount": amount,
        "currency": "usd", "created_at": utcnow(), "paid_at": utcnow(), "attempt_count": 1,
    } | values  # fmt: skip
    db.session.add(Payment(**row))
    db.session.commit()


def first_of(months_ago: int) -> datetime:
    month = last_months(utcnow(), months_ago + 1)[0]
    return datetime.fromisoformat(f"{month}-02T12:00:00").replace(tzinfo=UTC)


def test_a_cohort_counts_who_still_pays_each_month_later(context: None) -> None:
    add_subscription(first_of(3))
    add_subscription(first_of(3), first_of(2))
    add_subscription(first_of(3), first_of(1))
    add_subscription(first_of(0))
    add_subscription(first_of(3), stripe_account="acct_other")
    add_subscription(first_of(3), status="incomplete_expired", ended_at=first_of(3))

    found = figures.cohorts(OURS)

    assert [(cohort.month, cohort.kept) for cohort in found] == [
        (f"{first_of(3):%Y-%m}", [3, 3, 2, 1]),
        (f"{first_of(0):%Y-%m}", [1]),
    ]
    assert found[0].percents == [100, 100, 67, 33]


def test_somebody_who_comes_back_is_one_person_who_stayed(context: None) -> None:
    first = add_subscription(first_of(3), first_of(2))
    add_subscription(first_of(1), user_id=first.user_id)

    assert [cohort.kept for cohort in figures.cohorts(OURS)] == [[1, 1, 1, 1]]


def test_a_trial_that_was_never_paid_for_is_nobody_who_paid(context: None) -> None:
    add_subscription(first_of(2), first_of(1), trial_end=first_of(1))

    assert figures.cohorts(OURS) == []


def test_trials_that_went_on(context: None) -> None:
    then = utcnow() - timedelta(days=10)
    add_subscription(then, trial_end=then)
    add_subscription(then, utcnow(), trial_end=then)
    add_subscription(then, then, trial_end=then)
    add_subscription(then, status="trialing", trial_end=utcnow() + timedelta(days=3))
    add_subscription(then, status="paused", trial_end=then)

    assert figures.trial_conversion(OURS) == Share(2, 4)
    assert figures.trial_conversion(OURS).percent == 50.0


def test_what_failed_and_was_paid_after_all(context: None) -> None:
    subscription = add_subscription(first_of(1))
    add_payment(subscription, 2900, attempt_count=3)
    add_payment(subscription, 900, attempt_count=1)
    add_payment(subscription, 500, status="failed", paid_at=None, attempt_count=2)
    add_payment(subscription, 700, attempt_count=2, currency="eur")

    add_payment(subscription, 1100, status="uncollectible", paid_at=None, attempt_count=4)

    assert figures.recovered_payments(OURS) == {"usd": Recovery(2900, 500, 1100), "eur": Recovery(recovered=700)}


def test_revenue_that_ended_counts_by_the_month(context: None) -> None:
    long_ago, lately = utcnow() - timedelta(days=90), utcnow() - timedelta(days=5)
    add_subscription(long_ago)
    add_subscription(long_ago, lately, amount=12000, interval="year")
    add_subscription(lately)
    add_subscription(long_ago, lately, trial_end=lately)

    assert figures.revenue_churn(OURS) == {"usd": Share(1000, 3900)}


def test_reasons_are_counted(context: None) -> None:
    for answer in ("too_expensive", "unused", "too_expensive", None):
        add_subscription(first_of(1), cancellation_feedback=answer, canceled_at=utcnow())

    assert figures.reasons_for_leaving(OURS) == {"too_expensive": 2, "unused": 1}


def test_revenue_by_plan_takes_off_what_went_back(context: None) -> None:
    monthly, yearly = add_subscription(first_of(1)), add_subscription(first_of(1), plan_key="basic", interval="year")
    add_payment(monthly, 2900, amount_refunded=900)
    add_payment(monthly, 2900)
    add_payment(yearly, 9000)
    add_payment(yearly, 9000, status="failed")
    add_payment(monthly, 2900, livemode=True)

    rows = [(row.plan, row.interval, row.gross, row.net) for row in figures.revenue_by_plan(OURS)]
    assert rows == [("Basic", "year", 9000, 9000), ("Pro", "month", 5800, 4900)]
