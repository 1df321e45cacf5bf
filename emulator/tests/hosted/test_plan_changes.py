"""What the portal says of a change before it is confirmed, and that it is what happens: credit, trials, quarters."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe

from stripe_emulator import Emulator
from tests.hosted.conftest import Shop, Visitor
from tests.hosted.test_portal import open_portal


def confirm_path(shop: Shop, customer: stripe.Customer, subscription: stripe.Subscription, **feature: Any) -> str:
    offered = [
        {"product": shop.basic.id, "prices": [shop.prices["basic_month"]]},
        {"product": shop.pro.id, "prices": [shop.prices["pro_month"]]},
    ]
    update = {"enabled": True, "default_allowed_updates": ["price"], "products": offered, **feature}
    configuration = shop.configuration(subscription_update=update)
    path = open_portal(shop, customer, configuration=configuration)
    return f"{path}/subscriptions/{subscription.id}/update/confirm"


def test_downgrade_shows_the_credit_that_it_leaves(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber("pro_month")
    path = confirm_path(shop, customer, subscription, proration_behavior="always_invoice")

    shown = visitor.get(f"{path}?price={shop.prices['basic_month']}")
    visitor.post(path, {"price": shop.prices["basic_month"]})

    assert "Credit to your balance" in shown.text
    assert shown.text.split("Credit to your balance")[1].split("<dd>")[1].startswith("$20.00")
    assert shop.client.v1.customers.retrieve(customer.id).balance == -2000


def test_upgrade_shows_what_the_credit_pays_of_it(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber("basic_month")
    shop.client.v1.customers.update(customer.id, {"balance": -500})
    path = confirm_path(shop, customer, subscription, proration_behavior="always_invoice")

    shown = visitor.get(f"{path}?price={shop.prices['pro_month']}")
    visitor.post(path, {"price": shop.prices["pro_month"]})

    assert shown.text.split("From your credit balance")[1].split("<dd>")[1].startswith("-$5.00")
    assert shown.text.split("Amount due today")[1].split("<dd>")[1].startswith("$15.00")
    assert shop.client.v1.invoices.list({"subscription": subscription.id}).data[0].amount_paid == 1500


@pytest.mark.parametrize(
    ("behavior", "status", "today", "paid"),
    [("continue_trial", "trialing", "$0.00", 0), ("end_trial", "active", "$29.00", 2900)],
)
def test_change_during_a_trial_does_what_the_configuration_says_and_shows_it(
    shop: Shop, visitor: Visitor, behavior: str, status: str, today: str, paid: int
) -> None:
    customer, subscription = shop.subscriber("basic_month", trial_period_days=14)
    path = confirm_path(shop, customer, subscription, trial_update_behavior=behavior)

    shown = visitor.get(f"{path}?price={shop.prices['pro_month']}")
    visitor.post(path, {"price": shop.prices["pro_month"]})

    changed = shop.client.v1.subscriptions.retrieve(subscription.id)
    assert shown.text.split("Amount due today")[1].split("<dd>")[1].startswith(today)
    assert (changed.status, changed.items.data[0].price.id) == (status, shop.prices["pro_month"])
    assert shop.client.v1.invoices.list({"subscription": subscription.id}).data[0].amount_paid == paid


def test_trial_ends_with_the_change_unless_the_configuration_says_otherwise(shop: Shop) -> None:
    configuration = shop.client.v1.billing_portal.configurations.retrieve(shop.configuration())

    assert configuration.features.subscription_update.trial_update_behavior == "end_trial"


@pytest.mark.parametrize(("feature", "moves"), [({"billing_cycle_anchor": "now"}, True), ({}, False)])
def test_change_restarts_the_cycle_only_where_the_configuration_says_so(
    shop: Shop, visitor: Visitor, feature: dict[str, str], moves: bool
) -> None:
    clock = shop.client.v1.test_helpers.test_clocks.create({"frozen_time": 1_785_542_400})
    customer, subscription = shop.subscriber("basic_month", clock=clock.id)
    shop.client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": 1_785_542_400 + 10 * 86_400})
    path = confirm_path(shop, customer, subscription, proration_behavior="always_invoice", **feature)

    visitor.post(path, {"price": shop.prices["pro_month"]})

    changed = shop.client.v1.subscriptions.retrieve(subscription.id)
    assert (changed.billing_cycle_anchor != subscription.billing_cycle_anchor) is moves


def test_quarter_is_called_three_months_on_every_page(shop: Shop, visitor: Visitor, emulator: Emulator) -> None:
    recurring: Any = {"interval": "month", "interval_count": 3}
    quarter = shop.client.v1.prices.create(
        {"product": shop.pro.id, "unit_amount": 7800, "currency": "usd", "recurring": recurring}
    )
    shop.prices["quarter"] = quarter.id
    session = shop.checkout("quarter")

    checkout = visitor.get(f"/c/pay/{session.id}")
    customer, subscription = shop.subscriber("quarter")
    path = confirm_path(shop, customer, subscription, products=[{"product": shop.pro.id, "prices": [quarter.id]}])
    home = visitor.get(path.split("/subscriptions/")[0])
    choices = visitor.get(path.removesuffix("/confirm"))

    assert [("$78.00 every 3 months" in page.text) for page in (checkout, home, choices)] == [True] * 3
    for page in (checkout, home, choices):
        assert "per month" not in page.text


def test_default_configuration_lets_a_plan_be_switched_to_any_that_is_sold(shop: Shop, visitor: Visitor) -> None:
    customer, subscription = shop.subscriber("basic_month")
    path = f"{urlsplit(shop.portal(customer.id)).path}/subscriptions/{subscription.id}/update"

    choices = visitor.get(path)
    visitor.post(f"{path}/confirm", {"price": shop.prices["pro_year"]})

    assert shop.prices["lifetime"] not in choices.text
    changed = shop.client.v1.subscriptions.retrieve(subscription.id)
    assert changed.items.data[0].price.id == shop.prices["pro_year"]


def test_dashboard_changes_what_the_portal_allows(own: tuple[Shop, Visitor, Emulator]) -> None:
    shop, visitor, _ = own
    customer, _ = shop.subscriber("basic_month")
    form = {"proration_behavior": "always_invoice", "trial_update_behavior": "continue_trial", "mode": "immediately"}

    before = visitor.get("/dashboard/portal")
    visitor.post("/dashboard/portal", {**form, "subscription_cancel": "on", "invoice_history": "on"})
    home = visitor.get(urlsplit(shop.portal(customer.id)).path)
    visitor.post("/dashboard/portal", {**form, "subscription_update": "on", "payment_method_update": "on"})

    features = shop.client.v1.billing_portal.configurations.list({"is_default": True}).data[0].features
    assert "Change the plan" in before.text
    assert ("Update plan" in home.text, "Cancel plan" in home.text) == (False, True)
    assert (features.subscription_update.enabled, features.subscription_cancel.enabled) == (True, False)
    assert features.subscription_update.trial_update_behavior == "continue_trial"
    assert (features.subscription_update.proration_behavior, features.subscription_cancel.mode) == (
        "always_invoice",
        "immediately",
    )
    assert visitor.post("/dashboard/portal", {**form, "mode": "whenever"}).status == 400


def test_change_is_offered_and_shown_in_the_subscriptions_currency(shop: Shop, visitor: Visitor) -> None:
    prices = {}
    for plan, cents in (("basic", 800), ("pro", 2700)):
        price = shop.client.v1.prices.create(
            {
                "product": getattr(shop, plan).id,
                "unit_amount": cents + 100,
                "currency": "usd",
                "recurring": {"interval": "month"},
                "currency_options": {"eur": {"unit_amount": cents}},
            }
        )
        prices[plan] = price.id
    customer = shop.client.v1.customers.create(
        {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    )
    subscription = shop.client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": prices["basic"]}], "currency": "eur"}
    )
    offered = [
        {"product": getattr(shop, plan).id, "prices": [prices[plan], shop.prices[f"{plan}_month"]]} for plan in prices
    ]
    update: Any = {"enabled": True, "default_allowed_updates": ["price"], "products": offered}
    path = open_portal(shop, customer, configuration=shop.configuration(subscription_update=update))

    home = visitor.get(path)
    choice = visitor.get(f"{path}/subscriptions/{subscription.id}/update")
    shown = visitor.get(f"{path}/subscriptions/{subscription.id}/update/confirm?price={prices['pro']}")

    assert "€8.00 per month" in home.text
    assert "€27.00 per month" in choice.text
    assert "$" not in choice.text  # A price without the subscription's currency cannot be chosen.
    assert "€27.00" in shown.text
