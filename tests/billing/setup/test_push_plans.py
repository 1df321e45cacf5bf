"""A plan in Stripe: its prices changed here, changed there, many, retired, or none."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.billing.catalog.plans import Catalog, Plan, monthly, yearly
from app.billing.gateway.account import current_scope
from app.billing.gateway.client import get_gateway
from app.billing.portal import configuration as portal_configuration
from app.billing.setup.prices import check_prices
from app.billing.setup.push import push_catalogue
from app.billing.setup.push_run import PushRun
from app.config.settings import Settings
from tests.catalogue import CATALOG
from tests.stripe_actions import Json, Stripe

MONTH = {"interval": "month"}


@pytest.fixture
def push(app_selling: Callable[[Catalog], Flask], settings: Settings) -> Callable[..., PushRun]:
    """Push this catalogue, or the tests' own."""

    def run(catalog: Catalog = CATALOG) -> PushRun:
        with app_selling(catalog).app_context():
            return push_catalogue(get_gateway(), settings)

    return run


@pytest.fixture
def portal(app: Flask) -> Callable[[], Json]:
    """What the portal offers of plan changes."""

    def read() -> Json:
        with app.app_context():
            found = portal_configuration.find(get_gateway(), current_scope())
        assert found is not None
        return dict(found["features"]["subscription_update"])

    return read


def actions(run: PushRun) -> set[str]:
    return {line.split()[0] for line in run.lines}


def with_plan(key: str, **changes: Any) -> Catalog:
    """The tests' catalogue with this plan changed."""
    plans = [dataclasses.replace(plan, **changes) if plan.key == key else plan for plan in CATALOG.plans]
    return dataclasses.replace(CATALOG, plans=tuple(plans))


def test_new_amount_is_a_new_price_and_the_old_one_comes_back_with_the_old_amount(push, at_stripe: Stripe) -> None:
    first = push().price_ids["STRIPE_PRICE_LIFETIME"]
    prices = with_plan("pro", prices=(monthly(3900), yearly(29000)))
    old = at_stripe.price("shop_pro_month")

    dearer = push(prices).price_ids["STRIPE_PRICE_PRO"]
    assert (at_stripe.price("shop_pro_month"), at_stripe.v1.prices.retrieve(old).active) == (dearer, False)
    again = push()

    assert (again.price_ids["STRIPE_PRICE_PRO"], again.price_ids["STRIPE_PRICE_LIFETIME"]) == (old, first)
    assert (at_stripe.price("shop_pro_month"), at_stripe.v1.prices.retrieve(old).active) == (old, True)
    assert at_stripe.v1.prices.retrieve(dearer).active is False
    assert actions(push()) == {"unchanged"}


def test_key_that_moved_to_another_price_of_our_product_comes_back(push, at_stripe: Stripe) -> None:
    ours = push().price_ids["STRIPE_PRICE_PRO"]
    other = at_stripe.v1.prices.create(
        {"product": "shop_pro", "currency": "usd", "unit_amount": 9900, "recurring": MONTH}
        | {"lookup_key": "shop_pro_month", "transfer_lookup_key": True}
    )
    at_stripe.v1.products.update("shop_pro", {"default_price": other.id})

    run = push()

    assert run.price_ids["STRIPE_PRICE_PRO"] == at_stripe.price("shop_pro_month") == ours
    assert at_stripe.v1.prices.retrieve(other.id).active is False
    assert actions(push()) == {"unchanged"}


def test_key_that_moved_to_a_price_that_charges_the_same_stays_there(push, at_stripe: Stripe) -> None:
    ours = push().price_ids["STRIPE_PRICE_PRO"]
    other = at_stripe.v1.prices.create(
        {"product": "shop_pro", "currency": "usd", "unit_amount": 2900, "recurring": MONTH}
        | {"lookup_key": "shop_pro_month", "transfer_lookup_key": True}
    )

    run = push()

    assert run.price_ids["STRIPE_PRICE_PRO"] == other.id
    assert at_stripe.v1.prices.retrieve(ours).active is False
    assert actions(push()) == {"unchanged"}


def test_price_that_lost_its_key_and_was_archived_gets_it_again(push, at_stripe: Stripe) -> None:
    ours = push().price_ids["STRIPE_PRICE_BASIC"]
    at_stripe.v1.prices.update(ours, {"active": False, "lookup_key": "of_last_year"})

    assert push().price_ids["STRIPE_PRICE_BASIC"] == ours
    assert at_stripe.v1.prices.retrieve(ours).lookup_key == "shop_basic_month"


def test_operators_own_price_on_our_product_is_left_alone(push, at_stripe: Stripe) -> None:
    push()
    params = {"product": "shop_pro", "currency": "usd", "unit_amount": 1500, "recurring": MONTH}
    special = at_stripe.v1.prices.create(params)

    assert actions(push()) == {"unchanged"}
    assert at_stripe.v1.prices.retrieve(special.id).active is True


def test_more_prices_than_stripe_looks_up_at_once(app_selling, push, settings: Settings, at_stripe: Stripe) -> None:
    plans = [Plan(f"plan{n}", name=f"Plan {n}", role="pro", prices=(monthly(n * 100), yearly(n * 1000))) for n in
             range(1, 8)]  # fmt: skip
    many = dataclasses.replace(CATALOG, plans=tuple(plans))

    push(many)

    assert actions(push(many)) == {"unchanged"}
    with app_selling(many).app_context():
        assert set(check_prices(get_gateway(), settings, current_scope()).values()) == {None}


def test_plan_that_is_no_longer_sold_keeps_its_prices_where_nobody_can_buy_them(
    app_selling, push, portal, settings: Settings, at_stripe: Stripe
) -> None:
    sold = push().price_ids
    retired = with_plan("basic", is_sold=False)

    run = push(retired)

    price = at_stripe.v1.prices.retrieve(sold["STRIPE_PRICE_BASIC"])
    assert (price.active, price.lookup_key) == (False, "shop_basic_month")
    assert "STRIPE_PRICE_BASIC" not in run.price_ids
    assert [product["product"] for product in portal()["products"]] == ["shop_pro"]
    assert actions(push(retired)) == {"unchanged"}
    with app_selling(retired).app_context():
        assert "shop_basic_month" not in check_prices(get_gateway(), settings, current_scope())
    assert push().price_ids == sold


def test_free_plan_alone_pushes_no_product_and_a_portal_without_changes(push, portal, at_stripe: Stripe) -> None:
    free = dataclasses.replace(CATALOG, plans=CATALOG.plans[:1])

    push(free)

    assert at_stripe.v1.products.list({}).data == []
    assert portal()["enabled"] is False
    assert actions(push(free)) == {"unchanged"}


def test_portal_lets_seats_be_chosen_for_plans_that_have_them_alone(push, portal) -> None:
    push(with_plan("pro", prices=(monthly(2900, per_seat=True), yearly(29000, per_seat=True))))

    changes = portal()
    seats = {product["product"]: product["adjustable_quantity"] for product in changes["products"]}
    assert changes["default_allowed_updates"] == ["price", "promotion_code", "quantity"]
    assert seats["shop_pro"] == {"enabled": True, "minimum": 1, "maximum": 10_000}
    assert seats["shop_basic"]["enabled"] is False


def test_portal_offers_no_seats_where_no_plan_has_them_and_lets_a_trial_go_on(push, portal) -> None:
    push()

    assert portal()["default_allowed_updates"] == ["price", "promotion_code"]
    assert portal()["trial_update_behavior"] == "continue_trial"


def test_portal_of_a_fork_is_marked_with_its_own_slug(push, app: Flask, settings: Settings, at_stripe: Stripe) -> None:
    push()
    fork = dataclasses.replace(CATALOG, slug="fork", plans=CATALOG.plans)

    push(fork)

    marks = [one.metadata.to_dict() for one in at_stripe.v1.billing_portal.configurations.list({}).data]
    assert {"configured_by": "shop"} in marks
    assert {"configured_by": "fork"} in marks
