"""How recurring revenue moved, against what was worked out by hand."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.billing import reports
from app.billing.models.subscription import RecurringChange, Subscription
from app.billing.movements import Movement, movements, movements_of, note_changes
from app.database import db, utcnow
from tests.billing.test_figures import OURS, add_subscription, context, first_of

__all__ = ["context"]


def change(subscription: Subscription, months_ago: int, **values: object) -> None:
    """Stripe says something else of a subscription from then on, and that is noticed."""
    at = first_of(months_ago)
    row = db.session.get_one(Subscription, subscription.stripe_subscription_id)
    for name, value in ({"snapshot_at": at} | values).items():
        setattr(row, name, value)
    db.session.commit()
    note_changes(OURS, at)


def in_words(months: int = 4) -> list[tuple[Any, ...]]:
    found = movements(OURS, months)
    return [(row.opening, row.new, row.reactivation, row.expansion, row.contraction, row.churn) for row in found]


def customer(months_ago: int, name: str, **values: object) -> Subscription:
    return add_subscription(first_of(months_ago), stripe_customer_id=f"cus_{name}", **values)


def test_each_movement_is_told_apart_and_opening_leads_to_closing(context: None) -> None:
    grows, shrinks, leaves = customer(3, "grows", amount=900), customer(3, "shrinks"), customer(3, "leaves")
    note_changes(OURS, first_of(3))

    change(grows, 2, amount=2900)
    change(shrinks, 2, amount=900)
    change(leaves, 1, status="canceled", ended_at=first_of(1))
    customer(0, "leaves")
    customer(0, "starts", amount=29000, interval="year")
    note_changes(OURS)

    yearly = round(29000 / 12)
    assert in_words() == [
        (0, 900 + 2900 + 2900, 0, 0, 0, 0),
        (6700, 0, 0, 2900 - 900, 900 - 2900, 0),
        (6700, 0, 0, 0, 0, -2900),
        (6700 - 2900, yearly, 2900, 0, 0, 0),
    ]
    assert movements(OURS)[-1].closing == 3800 + yearly + 2900
    assert reports.monthly_recurring_revenue(OURS) == {"usd": movements(OURS)[-1].closing}


def test_what_is_written_down_twice_is_written_once(context: None) -> None:
    customer(2, "alice")

    assert [note_changes(OURS), note_changes(OURS)] == [1, 0]
    assert db.session.scalar(select(func.count()).select_from(RecurringChange)) == 1


def test_a_subscription_that_ended_before_anybody_looked_has_its_start_and_its_end(context: None) -> None:
    customer(3, "alice", ended_at=first_of(1))
    note_changes(OURS)

    assert in_words() == [(0, 2900, 0, 0, 0, 0), (2900, 0, 0, 0, 0, 0), (2900, 0, 0, 0, 0, -2900), (0, 0, 0, 0, 0, 0)]


@pytest.mark.parametrize(
    ("values", "brings"),
    [
        ({}, 2900),
        ({"interval_count": 3}, round(2900 / 3)),
        ({"amount": 9000, "interval": "year"}, 750),
        ({"amount": 1200, "interval": "week"}, round(1200 * 365 / 7 / 12)),
        ({"period_discount": 1450}, 2900 - 1450),
        ({"period_discount": 5000}, 0),
        ({"status": "trialing"}, 0),
        ({"status": "past_due"}, 2900),
        ({"status": "unpaid"}, 0),
        ({"is_collection_paused": True}, 0),
    ],
)
def test_what_a_subscription_brings_in_a_month(context: None, values: dict[str, Any], brings: int) -> None:
    customer(0, "alice", **values)
    note_changes(OURS)

    assert sum(row.closing for row in movements(OURS, 1)) == brings
    assert reports.monthly_recurring_revenue(OURS).get("usd", 0) == brings


def test_a_paid_subscription_begins_with_the_end_of_its_trial(context: None) -> None:
    customer(3, "alice", trial_end=first_of(2))
    customer(3, "bob", trial_end=first_of(2), ended_at=first_of(2))
    note_changes(OURS)

    assert [row.new for row in movements(OURS, 4)] == [0, 2900, 0, 0]


def test_a_change_of_plan_by_another_subscription_is_no_churn(context: None) -> None:
    """Who cancels and buys again in one month has changed, and neither left nor come back."""
    old = customer(2, "alice", amount=900)
    note_changes(OURS, first_of(2))

    change(old, 1, status="canceled", ended_at=first_of(1))
    customer(1, "alice")
    note_changes(OURS)

    assert in_words(3) == [(0, 900, 0, 0, 0, 0), (900, 0, 0, 2000, 0, 0), (2900, 0, 0, 0, 0, 0)]


def test_currencies_and_accounts_are_kept_apart(context: None) -> None:
    customer(1, "alice")
    customer(1, "berta", currency="eur", amount=2500)
    customer(1, "other", stripe_account="acct_other")
    customer(1, "live", livemode=True)
    note_changes(OURS)

    assert {row.currency: row.closing for row in movements(OURS, 1)} == {"eur": 2500, "usd": 2900}


def test_what_came_before_the_months_shown_is_their_opening(context: None) -> None:
    customer(5, "alice")
    note_changes(OURS)

    assert [row.opening for row in movements(OURS, 2)] == [2900, 2900]


def test_a_discount_that_stripe_tells_of_later_counts_from_when_it_was_told(context: None) -> None:
    alice = customer(3, "alice", snapshot_at=first_of(3))
    note_changes(OURS, first_of(3))
    row = db.session.get_one(Subscription, alice.stripe_subscription_id)
    row.period_discount = 900
    db.session.commit()
    note_changes(OURS, utcnow())

    assert [row.contraction for row in movements(OURS, 4)] == [0, 0, 0, -900]


def test_a_movement_leads_to_the_customers_who_moved(context: None) -> None:
    grows, month = customer(2, "grows", amount=900), f"{first_of(1):%Y-%m}"
    note_changes(OURS, first_of(2))
    change(grows, 1, amount=2900)
    customer(1, "starts", amount=500)
    note_changes(OURS)

    found = movements_of(OURS, month, "usd")

    assert found == [
        Movement("cus_grows", "expansion", 900, 2900, 2000),
        Movement("cus_starts", "new", 0, 500, 500),
    ]
    assert movements_of(OURS, month, "usd", "new") == found[1:]


def test_a_clock_that_is_ahead_has_its_own_month(app: Flask, context: None) -> None:
    later = utcnow() + timedelta(days=62)
    customer(0, "alice", snapshot_at=later)
    change_at = add_subscription(later, stripe_customer_id="cus_later")
    note_changes(OURS, later)

    shown = movements(OURS, 3, now=later)
    assert [row.new for row in shown] == [2900, 0, change_at.amount]
    assert movements(OURS, 1)[0].closing == 5800
