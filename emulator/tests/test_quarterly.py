"""Prices of several months at once: the words, the periods, what a change costs, what comes next."""

from typing import Any

import pytest
import stripe

from stripe_emulator import Emulator
from stripe_emulator.engine.subscriptions.periods import add_months
from tests.shop import Shop

START = 1_785_542_400  # 1 August 2026


@pytest.fixture
def shop(client: stripe.StripeClient, emulator: Emulator) -> Shop:
    """Return a shop on the session's emulator."""
    return Shop(client, emulator.url, emulator.secret_key)


def quarterly(shop: Shop, amount: int, product: stripe.Price) -> stripe.Price:
    recurring: Any = {"interval": "month", "interval_count": 3}
    return shop.client.v1.prices.create(
        {"product": str(product.product), "unit_amount": amount, "currency": "usd", "recurring": recurring}
    )


def test_quarter_is_billed_previewed_and_renewed_as_three_months(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), quarterly(shop, 7800, shop.pro))
    item = subscription["items"].data[0]
    assert item.current_period_end == add_months(START, 3)
    line = shop.client.v1.invoices.list({"subscription": subscription.id}).data[0].lines.data[0]
    assert str(line.description).endswith("(at $78.00 / every 3 months)")

    shown = shop.client.v1.invoices.create_preview({"subscription": subscription.id})
    shop.advance(clock, add_months(START, 3) + 7200)

    renewal = shop.client.v1.invoices.list({"subscription": subscription.id}).data[0]
    assert (renewal.amount_paid, renewal.status) == (shown.amount_due, "paid") == (7800, "paid")
    period = renewal.lines.data[0].period
    assert (period.start, period.end) == (add_months(START, 3), add_months(START, 6))
    assert (period.start, period.end) == (shown.lines.data[0].period.start, shown.lines.data[0].period.end)


def test_change_within_a_quarter_is_prorated_over_three_months(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), quarterly(shop, 9200, shop.basic))
    item = subscription["items"].data[0]
    shop.advance(clock, START + 23 * 86_400)  # A quarter of the 92 days.
    change: Any = {
        "items": [{"id": item.id, "price": quarterly(shop, 18400, shop.pro).id}],
        "proration_behavior": "always_invoice",
    }

    shown = shop.client.v1.invoices.create_preview({"subscription": subscription.id, "subscription_details": change})
    changed = shop.client.v1.subscriptions.update(subscription.id, {**change, "expand": ["latest_invoice"]})

    invoice = changed.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert [line.amount for line in invoice.lines.data] == [-6900, 13800]
    assert invoice.amount_paid == shown.amount_due == 6900
    assert changed["items"].data[0].current_period_end == add_months(START, 3)


@pytest.mark.parametrize("target", ["month", "year"])
def test_other_interval_keeps_the_anchor_and_costs_the_rest_of_its_period(shop: Shop, target: str) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), quarterly(shop, 7800, shop.pro))
    item = subscription["items"].data[0]
    shop.advance(clock, add_months(START, 1) + 10 * 86_400)
    price = {"month": shop.pro, "year": shop.pro_year}[target]
    change: Any = {"items": [{"id": item.id, "price": price.id}], "proration_behavior": "always_invoice"}

    shown = shop.client.v1.invoices.create_preview({"subscription": subscription.id, "subscription_details": change})
    changed = shop.client.v1.subscriptions.update(subscription.id, change)

    now = changed["items"].data[0]
    expected = {"month": (add_months(START, 1), add_months(START, 2)), "year": (START, add_months(START, 12))}[target]
    assert (now.current_period_start, now.current_period_end) == expected
    assert changed.billing_cycle_anchor == START
    invoice = shop.client.v1.invoices.list({"subscription": subscription.id}).data[0]
    assert (invoice.total, invoice.amount_due) == (shown.total, shown.amount_due)
    assert [line.period.end for line in invoice.lines.data] == [item.current_period_end, expected[1]]
