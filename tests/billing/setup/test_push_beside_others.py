"""A push beside others: pushes at the same moment, and other applications on the same Stripe account."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.billing.catalog.plans import once
from app.billing.gateway.account import current_scope
from app.billing.gateway.client import StripeGateway, get_gateway
from app.billing.setup import webhook_endpoint
from app.billing.setup.push import push_catalogue
from app.billing.setup.push_run import PushRun
from app.config.settings import Settings
from tests.catalogue import CATALOG
from tests.stripe_actions import Stripe

MONTH = {"interval": "month"}


@pytest.fixture
def gateway(app: Flask) -> Iterator[StripeGateway]:
    with app.app_context():
        yield get_gateway()


@pytest.fixture
def content(at_stripe: Stripe) -> Callable[[], list[dict[str, Any]]]:
    """Everything in Stripe that a push could change."""

    def read() -> list[dict[str, Any]]:
        v1 = at_stripe.v1
        services = (v1.products, v1.prices, v1.billing_portal.configurations, v1.webhook_endpoints)
        return [one.to_dict(for_json=True) for service in services for one in service.list({"limit": 100}).data]

    return read


def made_by_another(at_stripe: Stripe, kind: str) -> str:
    """A product or price of another application, under a name that the catalogue would use; its id."""
    if kind == "product":
        return str(at_stripe.v1.products.create({"id": "shop_pro", "name": "A shop's own"}).id)
    product = at_stripe.v1.products.create({"name": "A shop's own"})
    params = {"product": product.id, "currency": "usd", "unit_amount": 500, "lookup_key": "shop_lifetime"}
    return str(at_stripe.v1.prices.create(params).id)


@pytest.mark.parametrize("kind", ["product", "price"])
def test_what_another_application_made_stops_the_push_before_it_changes_anything(
    app: Flask, at_stripe: Stripe, content, kind: str
) -> None:
    foreign = made_by_another(at_stripe, kind)
    before = content()

    result = app.test_cli_runner().invoke(args=["billing", "push"])

    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert result.output.startswith("Error: Not made by this site: ")
    assert f"{kind} {foreign}" in result.output
    assert "--adopt" in result.output
    assert content() == before


@pytest.mark.parametrize("kind", ["product", "price"])
def test_adopting_takes_it_over_for_good(
    gateway: StripeGateway, settings: Settings, at_stripe: Stripe, kind: str
) -> None:
    made_by_another(at_stripe, kind)

    run = push_catalogue(gateway, settings, adopt=True)

    assert [line for line in run.lines if line.startswith("adopted ")]
    assert {line.split()[0] for line in push_catalogue(gateway, settings).lines} == {"unchanged"}


def test_adopted_price_that_charges_the_same_is_sold_on(
    gateway: StripeGateway, settings: Settings, at_stripe: Stripe
) -> None:
    product = at_stripe.v1.products.create({"name": "By hand"})
    params = {"product": product.id, "currency": "usd", "unit_amount": 19900, "lookup_key": "shop_lifetime"}
    price = at_stripe.v1.prices.create(params)

    run = push_catalogue(gateway, settings, adopt=True)

    assert run.price_ids["STRIPE_PRICE_LIFETIME"] == price.id
    assert at_stripe.v1.products.retrieve(product.id).name == "Perennial Lifetime"


def test_dry_run_tells_what_would_be_done_and_changes_nothing(app: Flask, content) -> None:
    before = content()

    result = app.test_cli_runner().invoke(args=["billing", "push", "--dry-run"])

    assert result.exit_code == 0, result.output
    assert "would be created  price shop_pro_month  (new)" in result.output
    assert "would be created  webhook endpoint" in result.output
    assert "Nothing was changed." in result.output
    assert content() == before


def test_dry_run_after_a_push_finds_the_changes_alone(app: Flask, catalogue: None, at_stripe: Stripe, content) -> None:
    at_stripe.v1.products.update("shop_pro", {"active": False})
    before = content()

    result = app.test_cli_runner().invoke(args=["billing", "push", "--dry-run"])

    assert [line for line in result.output.splitlines() if "would" in line] == ["would be updated  product  shop_pro"]
    assert content() == before


def push_at_once(app: Flask, settings: Settings, times: int) -> list[PushRun]:
    """Push from several threads that begin at the same moment."""
    start, runs, errors = threading.Barrier(times), [], []

    def push() -> None:
        try:
            with app.app_context():
                start.wait()
                runs.append(push_catalogue(get_gateway(), settings))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=push) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    return runs


def test_pushes_at_once_make_everything_once(app: Flask, settings: Settings, at_stripe: Stripe) -> None:
    with app.app_context():
        current_scope()

    runs = push_at_once(app, settings, 3)

    assert len({tuple(run.price_ids.items()) for run in runs}) == 1
    prices = at_stripe.v1.prices.list({"limit": 100}).data
    assert sorted(price.lookup_key for price in prices if price.active) == sorted(p.lookup_key for p in CATALOG.prices)
    assert len(prices) == len(CATALOG.prices)
    assert len(at_stripe.v1.products.list({}).data) == 3
    assert len(at_stripe.v1.webhook_endpoints.list({}).data) == 1
    configurations = at_stripe.v1.billing_portal.configurations.list({}).data
    assert len([one for one in configurations if one.metadata.to_dict() == {"configured_by": "shop"}]) == 1
    with app.app_context():
        assert {line.split()[0] for line in push_catalogue(get_gateway(), settings).lines} == {"unchanged"}


def test_pushes_of_a_new_amount_at_once_make_one_new_price(
    app_selling, settings: Settings, catalogue: None, at_stripe: Stripe
) -> None:
    plans = [dataclasses.replace(p, prices=(once(29900),)) if p.is_one_time else p for p in CATALOG.plans]

    push_at_once(app_selling(dataclasses.replace(CATALOG, plans=tuple(plans))), settings, 3)

    prices = at_stripe.v1.prices.list({"product": "shop_lifetime"}).data
    assert sorted((price.unit_amount, price.active) for price in prices) == [(19900, False), (29900, True)]


def test_what_was_deleted_since_the_last_push_is_made_again(
    gateway: StripeGateway, settings: Settings, at_stripe: Stripe
) -> None:
    """Stripe repeats its answer to the same key for a day, whatever became of the object."""
    push_catalogue(gateway, settings)
    [endpoint] = webhook_endpoint.find_all(gateway, settings)
    at_stripe.v1.webhook_endpoints.delete(endpoint["id"])

    run = push_catalogue(gateway, settings)

    [again] = webhook_endpoint.find_all(gateway, settings)
    assert again["id"] != endpoint["id"]
    assert settings.emulator_secret_file.read_text() == run.webhook_secret
