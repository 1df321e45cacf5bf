"""Subscription schedules: phases that follow each other by themselves."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from stripe_emulator import Emulator
from tests.shop import Shop

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
    assert "subscription_schedule.completed" in types
    assert ("subscription_schedule.released" in types) == (behavior == "release")
    assert types.index("subscription_schedule.expiring") < types.index("subscription_schedule.completed")


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


def test_first_invoice_of_a_schedule_is_a_draft_for_an_hour(shop: Shop) -> None:
    clock, schedule = two_phases(shop)
    subscription = shop.client.v1.subscriptions.retrieve(str(schedule.subscription), {"expand": ["latest_invoice"]})
    draft = subscription.latest_invoice
    assert isinstance(draft, stripe.Invoice)

    shop.advance(clock, START + 3600)

    paid = shop.client.v1.invoices.retrieve(str(draft.id))
    assert (subscription.status, draft.status, draft.billing_reason) == ("active", "draft", "subscription_create")
    assert (paid.status, paid.amount_paid) == ("paid", 900)


def test_schedule_goes_on_while_its_customer_has_no_card(shop: Shop) -> None:
    clock = shop.clock(START)
    phases: Any = [{"items": [{"price": shop.basic.id}], "duration": {"interval": "month"}}]
    schedule = shop.client.v1.subscription_schedules.create(
        {"customer": shop.customer(card=None, clock=clock.id).id, "start_date": "now", "phases": phases}
    )

    shop.advance(clock, FEBRUARY - 9 * DAY)
    told = shop.events("subscription_schedule.expiring")[0]
    waiting = shop.client.v1.subscriptions.retrieve(str(schedule.subscription))
    shop.advance(clock, FEBRUARY)

    ended = shop.client.v1.subscription_schedules.retrieve(schedule.id)
    assert told.data.object["id"] == schedule.id
    assert waiting.status == "past_due"
    assert (ended.status, ended.completed_at) == ("released", FEBRUARY)


def test_schedule_is_aborted_when_its_subscription_is_given_up(shop: Shop) -> None:
    clock = shop.clock(START)
    customer = shop.customer("pm_card_chargeCustomerFail", clock=clock.id)
    phases: Any = [{"items": [{"price": shop.basic.id}], "duration": {"interval": "month"}}]
    schedule = shop.client.v1.subscription_schedules.create(
        {"customer": customer.id, "start_date": "now", "phases": phases}
    )

    types = shop.events_during(lambda: shop.advance(clock, START + 20 * DAY))

    assert shop.client.v1.subscription_schedules.retrieve(schedule.id).status == "canceled"
    assert "subscription_schedule.aborted" in types and "subscription_schedule.canceled" not in types


def test_phases_bring_their_discounts_and_settings(shop: Shop) -> None:
    clock = shop.clock(START)
    half, tenth = (shop.client.v1.coupons.create({"percent_off": off, "duration": "forever"}) for off in (50, 10))
    month: Any = {"interval": "month"}
    phases: Any = [
        {"items": [{"price": shop.basic.id}], "duration": month, "discounts": [{"coupon": half.id}]},
        {
            "items": [{"price": shop.basic.id}],
            "duration": month,
            "discounts": [{"coupon": tenth.id}],
            "metadata": {"phase": "second"},
        },
    ]
    settings: Any = {
        "collection_method": "send_invoice",
        "invoice_settings": {"days_until_due": 5},
        "description": "By schedule",
    }
    schedule = shop.client.v1.subscription_schedules.create(
        {
            "customer": shop.customer(clock=clock.id).id,
            "start_date": "now",
            "phases": phases,
            "default_settings": settings,
        }
    )

    shop.advance(clock, FEBRUARY + 7200)

    subscription = shop.client.v1.subscriptions.retrieve(str(schedule.subscription))
    assert (subscription.collection_method, subscription.days_until_due) == ("send_invoice", 5)
    assert (subscription.description, subscription.metadata.to_dict()) == ("By schedule", {"phase": "second"})
    assert schedule.default_settings.collection_method == "send_invoice"
    invoices = shop.client.v1.invoices.list({"subscription": subscription.id}).data
    assert [invoice.total for invoice in reversed(invoices)] == [450, 810]


def test_running_phase_can_be_given_another_discount(shop: Shop) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    subscription = shop.subscribe(shop.customer(), shop.basic)
    schedule = shop.client.v1.subscription_schedules.create({"from_subscription": subscription.id})
    now = schedule.phases[0]
    running: Any = {
        "items": [{"price": shop.basic.id, "quantity": 1}],
        "start_date": now.start_date,
        "end_date": now.end_date,
        "discounts": [{"coupon": coupon.id}],
    }

    for _ in range(2):
        shop.client.v1.subscription_schedules.update(schedule.id, {"phases": [running]})

    discounted = shop.client.v1.subscriptions.retrieve(subscription.id, {"expand": ["discounts"]})
    assert discounted.discounts is not None and len(discounted.discounts) == 1
    assert shop.client.v1.coupons.retrieve(coupon.id).times_redeemed == 1
    assert shop.client.v1.invoice_items.list({"customer": str(subscription.customer)}).data == []


def test_phase_with_a_discount_that_cannot_be_is_refused_at_once(shop: Shop) -> None:
    in_euros = shop.client.v1.coupons.create({"amount_off": 200, "currency": "eur", "duration": "forever"})
    subscription = shop.subscribe(shop.customer(), shop.basic)
    schedule = shop.client.v1.subscription_schedules.create({"from_subscription": subscription.id})
    now = schedule.phases[0]
    today: Any = {"items": [{"price": shop.basic.id}], "start_date": now.start_date, "end_date": now.end_date}

    for coupon, words in ((in_euros.id, "it cannot be applied to usd"), ("GONE", "No such coupon")):
        then: Any = {"items": [{"price": shop.pro.id}], "discounts": [{"coupon": coupon}]}
        with pytest.raises(stripe.InvalidRequestError, match=words):
            shop.client.v1.subscription_schedules.update(schedule.id, {"phases": [today, then]})
