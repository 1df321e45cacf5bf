"""What a price and a status give, line by line: role, reason, end and plan; features and limits."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.billing.catalog.entitlements import (
    RoleDecision,
    can_use,
    decide_by_subscription,
    limit_of,
    plan_of,
    plus_grace,
    price_known_as,
)
from app.billing.catalog.plans import Role
from app.billing.models.subscription import Subscription
from app.database import utcnow
from tests.catalogue import BASIC, CATALOG, FREE, PRO

NOW = utcnow()
DAY = timedelta(days=1)
GOLD = Role("gold", name="Gold", rank=15)
PAST_DUE = {"status": "past_due", "unpaid_since": NOW - 2 * DAY}
PAID_BASIC = {"paid_plan_key": "basic", "paid_role": "gone", "paid_role_rank": 5, "paid_until": NOW + 20 * DAY}


@pytest.fixture(autouse=True)
def _in_app(application: Flask) -> Iterator[None]:
    with application.app_context():
        yield


def decision(**fields: Any) -> RoleDecision:
    """What a subscription to Pro gives, with some of it otherwise."""
    state = {"status": "active", "stripe_price_id": "price_pro", "lookup_key": "shop_pro_month", "role_rank": 0}
    period = {"current_period_start": NOW - 3 * DAY, "current_period_end": NOW + 27 * DAY}
    row = Subscription(stripe_subscription_id="sub_1", **{**state, **period, "paid_role_rank": 0, **fields})
    return decide_by_subscription(row, NOW)


def given(role: Role, rule: str, ends_at: datetime | None = None, plan_key: str | None = None) -> RoleDecision:
    return RoleDecision(role, rule, "sub_1", ends_at, plan_key)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, given(PRO, "subscription active", NOW + 34 * DAY, "pro")),
        ({"status": "trialing"}, given(PRO, "subscription trialing", NOW + 34 * DAY, "pro")),
        ({"current_period_end": None}, given(PRO, "subscription active", None, "pro")),
        *(
            ({"status": status}, given(FREE, f"subscription {status}"))
            for status in ("incomplete", "incomplete_expired", "unpaid", "paused", "canceled", "one_of_next_year")
        ),
        ({"lookup_key": "odd"}, given(FREE, "price of no plan")),
        (PAST_DUE, given(PRO, "subscription past_due, in grace", NOW + 5 * DAY, "pro")),
        ({"status": "past_due"}, given(PRO, "subscription past_due, in grace", NOW + 4 * DAY, "pro")),
        (PAST_DUE | {"unpaid_since": NOW - 7 * DAY}, given(FREE, "subscription past_due, grace over")),
        (PAST_DUE | PAID_BASIC, given(PRO, "subscription past_due, in grace", NOW + 5 * DAY, "pro")),
        (
            PAST_DUE | PAID_BASIC | {"unpaid_since": NOW - 8 * DAY},
            given(BASIC, "subscription past_due, paid before", NOW + 20 * DAY, "basic"),
        ),
        (
            PAST_DUE | PAID_BASIC | {"unpaid_since": NOW - 8 * DAY, "paid_plan_key": "went", "paid_role": "basic"},
            given(BASIC, "subscription past_due, paid before", NOW + 20 * DAY, "went"),
        ),
        (
            {"lookup_key": "odd", "plan_key": "basic", "role": "gone", "role_rank": 5},
            given(BASIC, "subscription active", NOW + 34 * DAY, "basic"),
        ),
        (
            {"lookup_key": "odd", "plan_key": "went", "role": "pro", "role_rank": 5},
            given(PRO, "subscription active", NOW + 34 * DAY, "went"),
        ),
    ],
)
def test_subscription_gives_what_its_price_and_status_say(fields: dict[str, Any], expected: RoleDecision) -> None:
    assert decision(**fields) == expected


def test_role_that_has_gone_keeps_its_rank() -> None:
    found = decision(lookup_key="odd", plan_key="went", role="gold", role_rank=15)

    assert (found.role.key, found.role.rank, found.plan_key) == ("gold", 15, "went")


def test_higher_role_is_stronger_and_of_equal_ones_the_longer() -> None:
    weakest_first = [given(BASIC, ""), given(PRO, "", NOW), given(PRO, "", NOW + DAY), given(PRO, "")]

    assert sorted(weakest_first, key=lambda one: one.strength) == weakest_first


@pytest.mark.parametrize(
    ("plan_key", "role", "exports", "entries"),
    [("free", FREE, False, 1), ("basic", BASIC, False, 3), ("pro", PRO, True, None), ("lifetime", BASIC, True, None),
     (None, FREE, False, 1), (None, BASIC, False, 3), (None, PRO, True, None), (None, GOLD, False, 3),
     (None, Role("less", name="Less", rank=-1), False, 0)],
)  # fmt: skip
def test_plan_gives_its_features_and_limits_and_a_role_those_of_its_plans(
    plan_key: str | None, role: Role, exports: bool, entries: int | None
) -> None:
    assert (can_use("exports", plan_key, role), limit_of("entries", plan_key, role)) == (exports, entries)
    assert not can_use("nothing", plan_key, role)


@pytest.mark.parametrize(
    ("lookup_key", "plan_key"),
    [
        ("shop_basic_month", "basic"),
        ("shop_pro_year", "pro"),
        ("shop_lifetime", "lifetime"),
        ("odd", None),
        (None, None),
    ],
)
def test_price_is_known_by_its_lookup_key(lookup_key: str | None, plan_key: str | None) -> None:
    plan, price = plan_of("price_1", lookup_key), price_known_as(None, lookup_key)

    assert (plan.key if plan else None, price.plan_key if price else None) == (plan_key, plan_key)


@pytest.mark.parametrize(
    ("plan_key", "interval"), [("pro", "month"), ("lifetime", None), ("lifetime", "month"), ("went", None)]
)
def test_nothing_here_is_counted_by_the_seat(plan_key: str, interval: str | None) -> None:
    assert not CATALOG.is_per_seat(plan_key, interval)


def test_grace_is_added_to_a_moment_alone() -> None:
    assert (plus_grace(NOW), plus_grace(None)) == (NOW + 7 * DAY, None)
