"""Subscription schedules: phases that follow each other by themselves."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from stripe_emulator import Emulator
from tests.stripe_emulator.shop import Shop

DAY = 86400
START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
FEBRUARY, MARCH = START + 31 * DAY, START + 59 * DAY


@pytest.fixture
def shop(client: stripe.StripeClient, emulator: Emulator) -> Shop:
    """Return a shop on the session's emulator."""
    return Shop(client, emulator.url, emulator.secret_key)


def two_phases(shop: Shop, **params: Any) -> tuple[stripe.test_helpers.TestClock, stripe.SubscriptionSchedule]:
    """Schedule a month of Basic, then a month of Pro."""
    clock = shop.clock(START)
    phases: Any = [
        {"items": [{"price": shop.basic.id}], "duration": {"interval": "month"}},
        {"items": [{"price": shop.pro.id}], "duration": {"interval": "month"}},
    ]
    schedule = shop.client.v1.subscription_schedules.create(
        {"customer": shop.customer(clock=clock.id).id, "start_date": "now", "phases": phases, **params}
    )
    return clock, schedule


def plan_of(shop: Shop, schedule: stripe.SubscriptionSchedule) -> str:
    subscription = shop.client.v1.subscriptions.retrieve(str(schedule.subscription))
    return subscription["items"].data[0].price.id


def test_second_phase_changes_the_plan_at_its_start(shop: Shop) -> None:
    clock, schedule = two_phases(shop)
    first = plan_of(shop, schedule)

    shop.advance(clock, FEBRUARY + 7200)

    assert (first, plan_of(shop, schedule)) == (shop.basic.id, shop.pro.id)
    invoice = shop.client.v1.invoices.list({"subscription": str(schedule.subscription), "limit": 1}).data[0]
    assert (invoice.status, invoice.amount_paid) == ("paid", 2900)


@pytest.mark.parametrize(
    ("behavior", "status", "subscription_status"),
    [("release", "released", "active"), ("cancel", "completed", "canceled")],
)
def test_schedule_ends_as_it_was_told(shop: Shop, behavior: str, status: str, subscription_status: str) -> None:
    clock, schedule = two_phases(shop, end_behavior=behavior)

    shop.advance(clock, FEBRUARY + 7200)
    types = shop.events_during(lambda: shop.advance(clock, MARCH + 7200))

    ended = shop.client.v1.subscription_schedules.retrieve(schedule.id)
    subscription = shop.client.v1.subscriptions.retrieve(str(schedule.subscription))
    assert (ended.status, subscription.status) == (status, subscription_status)
    assert "subscription_schedule.expiring" in types


def test_released_subscription_goes_on_without_the_schedule(shop: Shop) -> None:
    clock, schedule = two_phases(shop)

    released = shop.client.v1.subscription_schedules.release(schedule.id)
    shop.advance(clock, FEBRUARY + 7200)

    assert released.status == "released" and released.released_subscription == schedule.subscription
    assert plan_of(shop, schedule) == shop.basic.id


def test_canceled_subscription_ends_its_schedule(shop: Shop) -> None:
    _, schedule = two_phases(shop)

    shop.client.v1.subscriptions.cancel(str(schedule.subscription))

    assert shop.client.v1.subscription_schedules.retrieve(schedule.id).status == "canceled"


def test_schedule_can_begin_later(shop: Shop) -> None:
    clock, schedule = two_phases(shop, start_date=START + 3 * DAY)
    assert (schedule.status, schedule.subscription) == ("not_started", None)

    shop.advance(clock, START + 4 * DAY)

    started = shop.client.v1.subscription_schedules.retrieve(schedule.id)
    assert started.status == "active" and started.subscription is not None
