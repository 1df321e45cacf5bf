"""The operator's figures."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.auth.models import User
from app.billing import reports
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.database import db, utcnow

HOME = StripeScope("acct_1", livemode=False)


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def pay(amount: int, paid_at: datetime, **values: object) -> None:
    row = {"stripe_account": "acct_1", "livemode": False, "status": "paid", "currency": "usd"}
    row |= {"stripe_invoice_id": f"in_{uuid.uuid4()}"} | values
    db.session.add(Payment(amount=amount, created_at=paid_at, paid_at=paid_at, **row))
    db.session.flush()


def subscribe(
    lookup_key: str = "shop_pro_month", amount: int = 2900, interval: str = "month", **values: object
) -> None:
    user = User(id=uuid.uuid4(), email=f"{uuid.uuid4()}@example.com", password_hash="x")
    db.session.add(user)
    row = {
        "stripe_subscription_id": f"sub_{uuid.uuid4().hex}",
        "stripe_customer_id": "cus_1",
        "stripe_account": "acct_1",
        "livemode": False,
        "status": "active",
        "stripe_price_id": f"price_{lookup_key}",
        "currency": "usd",
        "started_at": utcnow() - timedelta(days=90),
        "snapshot_at": utcnow(),
    } | values
    db.session.flush()
    db.session.add(Subscription(user_id=user.id, lookup_key=lookup_key, amount=amount, interval=interval, **row))
    db.session.flush()


def test_revenue_is_summed_by_month_with_refunds_taken_off(context: None) -> None:
    now = utcnow()
    pay(2900, now)
    pay(900, now, amount_refunded=400)
    pay(5000, now, status="failed")
    pay(7000, now, livemode=True)
    pay(100, now, stripe_account="acct_2")

    months = reports.revenue_by_month(HOME)

    assert len(months) == 12
    assert months[-1] == reports.MonthOfRevenue(f"{now:%Y-%m}", "usd", 2900 + 900 - 400, gross=2900 + 900)
    assert sum(month.amount for month in months[:-1]) == 0


def test_revenue_keeps_currencies_and_months_apart(context: None) -> None:
    now = utcnow()
    last_month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(microseconds=1)
    pay(1000, now, currency="eur")
    pay(2000, last_month)
    pay(9999, now - timedelta(days=400))

    amounts = {(month.month, month.currency): month.amount for month in reports.revenue_by_month(HOME)}

    assert amounts[f"{now:%Y-%m}", "eur"] == 1000
    assert amounts[f"{last_month:%Y-%m}", "usd"] == 2000
    assert sum(amounts.values()) == 3000


def test_mrr_counts_a_year_as_a_twelfth_a_month(context: None) -> None:
    subscribe()
    subscribe("shop_basic_year", 9000, "year")
    subscribe(status="past_due")
    subscribe(status="trialing")
    subscribe(status="canceled")

    assert reports.monthly_recurring_revenue(HOME) == {"usd": 2900 + 750 + 2900}


def test_subscribers_are_counted_by_plan(context: None) -> None:
    subscribe()
    subscribe("shop_pro_year", 29000, "year")
    subscribe("shop_basic_month", 900, status="trialing")
    subscribe("of another product", 100)
    subscribe(status="unpaid")

    assert reports.active_subscribers_by_plan(HOME) == {"Pro": 2, "Basic": 1, "Unknown plan": 1}


def test_churn_is_of_those_who_were_there_when_the_window_began(context: None) -> None:
    now = utcnow()
    for _ in range(3):
        subscribe()
    subscribe(status="canceled", ended_at=now - timedelta(days=3))
    subscribe(status="canceled", ended_at=now - timedelta(days=60))
    subscribe(started_at=now - timedelta(days=2))
    subscribe(status="canceled", started_at=now - timedelta(days=9), ended_at=now - timedelta(days=1))

    churn = reports.churn(HOME)

    assert (churn.subscribed, churn.ended, churn.percent) == (4, 1, 25.0)


def test_churn_of_nobody_is_none(context: None) -> None:
    assert reports.churn(HOME).percent == 0.0


@pytest.mark.parametrize(
    ("now", "months"),
    [
        (datetime(2026, 1, 31, tzinfo=UTC), ["2025-11", "2025-12", "2026-01"]),
        (datetime(2026, 12, 1, tzinfo=UTC), ["2026-10", "2026-11", "2026-12"]),
    ],
)
def test_months_cross_the_year(now: datetime, months: list[str]) -> None:
    assert reports.last_months(now, 3) == months
