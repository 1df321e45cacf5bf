"""Endpoints of older API versions get events in the shapes of their time."""

from typing import Any

import pytest
import stripe

from stripe_emulator import Emulator
from tests.conftest import client_for
from tests.webhook_receiver import WebhookReceiver

PINNED = "2026-10-28.endive"


def events_of_a_subscription(
    emulator: Emulator, receiver: WebhookReceiver, version: str
) -> tuple[stripe.Subscription, dict[str, Any]]:
    """Subscribe a customer with a coupon and return what an endpoint of this version was told, by type."""
    client = client_for(emulator.url)
    client.v1.webhook_endpoints.create(
        {"url": receiver.url, "enabled_events": ["*"], "api_version": version}  # type: ignore[typeddict-item]
    )
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 900,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Basic"},
        }
    )
    coupon = client.v1.coupons.create({"percent_off": 10, "duration": "forever"})
    customer = client.v1.customers.create(
        {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    )
    subscription = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}], "discounts": [{"coupon": coupon.id}]}
    )
    emulator.wait_until_idle(10)
    return subscription, {one.event["type"]: one.event["data"]["object"] for one in receiver.received}


@pytest.mark.parametrize("version", ["2020-08-27", "2022-11-15", "2024-06-20", "2025-02-24.acacia"])
def test_before_basil_periods_and_payments_stand_at_the_top(
    fresh_emulator: Emulator, receiver: WebhookReceiver, version: str
) -> None:
    subscription, told = events_of_a_subscription(fresh_emulator, receiver, version)

    item = subscription.items.data[0]
    assert told["customer.subscription.created"]["current_period_end"] == item.current_period_end
    assert told["customer.subscription.created"]["discount"]["coupon"]["percent_off"] == 10
    assert told["invoice.paid"]["subscription"] == subscription.id
    assert told["invoice.paid"]["paid"] is True
    assert told["invoice.paid"]["payment_intent"].startswith("pi_3")
    assert told["invoice.paid"]["lines"]["data"][0]["price"]["unit_amount"] == 900
    assert "parent" not in told["invoice.paid"]


def test_between_basil_and_clover_only_coupons_stand_elsewhere(
    fresh_emulator: Emulator, receiver: WebhookReceiver
) -> None:
    _, told = events_of_a_subscription(fresh_emulator, receiver, "2025-06-30.basil")

    assert "current_period_end" not in told["customer.subscription.created"]
    assert told["invoice.paid"]["parent"]["subscription_details"]["subscription"]
    assert told["customer.discount.created"]["coupon"]["percent_off"] == 10


def test_todays_endpoint_gets_the_event_as_it_is_stored(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    _, told = events_of_a_subscription(fresh_emulator, receiver, PINNED)

    assert "subscription" not in told["invoice.paid"]
    assert told["customer.discount.created"]["source"]["type"] == "coupon"
