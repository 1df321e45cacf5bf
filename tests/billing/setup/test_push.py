"""`flask billing push` against the emulator, over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.billing.errors import BillingError
from app.billing.gateway.account import current_scope
from app.billing.gateway.client import StripeGateway, api_version, get_gateway
from app.billing.portal import configuration as portal_configuration
from app.billing.setup import webhook_endpoint
from app.billing.setup.prices import stored_prices
from app.billing.setup.push import push_catalogue
from app.billing.setup.push_run import PushRun, contains
from app.billing.webhooks.process import HANDLED_TYPES
from app.config.settings import Settings
from tests.catalogue import CATALOG


@pytest.fixture
def gateway(app: Flask) -> Iterator[StripeGateway]:
    with app.app_context():
        yield get_gateway()


def actions(run: PushRun) -> set[str]:
    return {line.split()[0] for line in run.lines}


def with_settings(settings: Settings, **changes: Any) -> Settings:
    return settings.model_copy(update=changes)


def test_first_push_creates_the_whole_catalogue(gateway: StripeGateway, settings: Settings) -> None:
    run = push_catalogue(gateway, settings)

    assert actions(run) == {"created"}
    stored = stored_prices(gateway, current_scope())
    assert {key: price["unit_amount"] for key, price in stored.items()} == {
        "shop_basic_month": 900,
        "shop_basic_year": 9000,
        "shop_pro_month": 2900,
        "shop_pro_year": 29000,
        "shop_lifetime": 19900,
    }
    assert stored["shop_pro_year"]["recurring"]["interval"] == "year"
    assert stored["shop_lifetime"]["recurring"] is None


def test_second_push_changes_nothing(gateway: StripeGateway, settings: Settings) -> None:
    first = push_catalogue(gateway, settings)

    second = push_catalogue(gateway, settings)

    assert actions(second) == {"unchanged"}
    assert second.price_ids == first.price_ids
    assert second.webhook_secret is None
    assert len(gateway.v1.webhook_endpoints.list({}).data) == 1


def test_price_named_by_a_setting_is_kept_and_offered(gateway: StripeGateway, settings: Settings) -> None:
    product = gateway.v1.products.create({"name": "Pro, an older one"})
    price = gateway.v1.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 2500, "recurring": {"interval": "month"}}
    )

    run = push_catalogue(gateway, with_settings(settings, stripe_price_ids={"STRIPE_PRICE_PRO": price.id}))

    configuration = portal_configuration.find(gateway, current_scope())
    assert configuration is not None
    offered = configuration["features"]["subscription_update"]["products"]
    assert price.id in [price_id for product in offered for price_id in product["prices"]]
    assert any("STRIPE_PRICE_PRO" in warning for warning in run.warnings)


def test_setting_that_names_no_price_stops_the_push_with_its_name(gateway: StripeGateway, settings: Settings) -> None:
    with pytest.raises(BillingError, match="STRIPE_PRICE_BASIC: Stripe has no price price_none"):
        push_catalogue(gateway, with_settings(settings, stripe_price_ids={"STRIPE_PRICE_BASIC": "price_none"}))


def test_portal_offers_every_recurring_price_and_cancels_at_period_end(
    gateway: StripeGateway, settings: Settings
) -> None:
    run = push_catalogue(gateway, settings)

    configuration = portal_configuration.find(gateway, current_scope())
    assert configuration is not None
    features = configuration["features"]
    offered = {price for product in features["subscription_update"]["products"] for price in product["prices"]}
    assert offered == {run.price_ids[price.setting] for price in CATALOG.prices if price.is_recurring}
    assert features["subscription_cancel"]["mode"] == "at_period_end"


def test_portal_of_a_public_site_links_to_its_legal_pages(gateway: StripeGateway, settings: Settings) -> None:
    public = with_settings(settings, base_url="https://example.com")

    push_catalogue(gateway, public)

    configuration = portal_configuration.find(gateway, current_scope())
    assert configuration is not None
    assert configuration["business_profile"]["terms_of_service_url"] == "https://example.com/terms"
    assert actions(push_catalogue(gateway, public)) == {"unchanged"}


def test_portal_changed_in_the_dashboard_is_put_right(gateway: StripeGateway, settings: Settings) -> None:
    push_catalogue(gateway, settings)
    configuration = portal_configuration.find(gateway, current_scope())
    assert configuration is not None
    features = {"subscription_cancel": {"enabled": False}}
    gateway.v1.billing_portal.configurations.update(configuration["id"], {"features": features})

    run = push_catalogue(gateway, settings)

    assert any(line.startswith("updated    portal configuration") for line in run.lines)
    found = portal_configuration.find(gateway, current_scope())
    assert found is not None
    assert found["id"] == configuration["id"]
    assert found["features"]["subscription_cancel"]["enabled"] is True


def test_portal_of_another_product_is_left_alone(gateway: StripeGateway, settings: Settings) -> None:
    other = gateway.v1.billing_portal.configurations.create(
        {"name": "Another product", "features": {"invoice_history": {"enabled": True}}}
    )

    push_catalogue(gateway, settings)

    found = portal_configuration.find(gateway, current_scope())
    assert found is not None
    assert found["id"] != other.id
    assert gateway.v1.billing_portal.configurations.retrieve(other.id).name == "Another product"


def test_endpoint_is_at_our_address_and_at_the_sdks_version(gateway: StripeGateway, settings: Settings) -> None:
    push_catalogue(gateway, settings)

    [endpoint] = webhook_endpoint.find_all(gateway, settings)
    assert endpoint["url"] == f"{settings.site_url}/webhooks/stripe"
    assert endpoint["api_version"] == api_version()
    assert set(endpoint["enabled_events"]) == set(HANDLED_TYPES)


def test_emulators_secret_is_kept_for_this_user_alone(gateway: StripeGateway, settings: Settings) -> None:
    run = push_catalogue(gateway, settings)

    assert settings.emulator_secret_file.read_text() == run.webhook_secret
    assert settings.emulator_secret_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kept", [None, "whsec_of_another_endpoint"])
def test_emulators_secret_that_was_lost_is_known_again(
    gateway: StripeGateway, settings: Settings, kept: str | None
) -> None:
    push_catalogue(gateway, settings)
    settings.emulator_secret_file.unlink()
    if kept:
        settings.emulator_secret_file.write_text(kept)

    run = push_catalogue(gateway, settings)

    assert len(webhook_endpoint.find_all(gateway, settings)) == 1
    assert settings.emulator_secret_file.read_text() == run.webhook_secret
    assert actions(push_catalogue(gateway, settings)) == {"unchanged"}


def test_endpoint_at_another_version_is_replaced(gateway: StripeGateway, settings: Settings) -> None:
    address = webhook_endpoint.url(settings)
    old = gateway.v1.webhook_endpoints.create(
        {"url": address, "enabled_events": ["invoice.paid"], "api_version": "2025-03-31.basil"}
    )

    push_catalogue(gateway, settings)

    [endpoint] = webhook_endpoint.find_all(gateway, settings)
    assert endpoint["id"] != old.id
    assert endpoint["api_version"] == api_version()


def test_disabled_endpoint_is_switched_on_with_all_our_events(gateway: StripeGateway, settings: Settings) -> None:
    push_catalogue(gateway, settings)
    [before] = webhook_endpoint.find_all(gateway, settings)
    gateway.v1.webhook_endpoints.update(before["id"], {"disabled": True, "enabled_events": ["invoice.paid"]})

    push_catalogue(gateway, settings)

    [after] = webhook_endpoint.find_all(gateway, settings)
    assert after["id"] == before["id"]
    assert webhook_endpoint.problem_with(after) is None


def test_several_endpoints_at_our_address_become_one_and_others_stay(
    gateway: StripeGateway, settings: Settings
) -> None:
    push_catalogue(gateway, settings)
    for address in (webhook_endpoint.url(settings), "https://other.example.com/hook"):
        gateway.v1.webhook_endpoints.create({"url": address, "enabled_events": ["*"], "api_version": api_version()})

    push_catalogue(gateway, settings)

    addresses = [endpoint.url for endpoint in gateway.v1.webhook_endpoints.list({}).data]
    assert sorted(addresses) == sorted([webhook_endpoint.url(settings), "https://other.example.com/hook"])


def test_address_that_stripe_cannot_reach_gets_the_listen_command(gateway: StripeGateway, settings: Settings) -> None:
    unreachable = with_settings(
        settings, stripe_api_base="", stripe_secret_key=settings.secret_key.__class__("sk_test_000000000000")
    )
    run = PushRun(gateway, unreachable, current_scope())

    webhook_endpoint.push(run)

    assert run.listen_command is not None
    assert run.listen_command.startswith("stripe listen --events ")
    assert ",customer.subscription.updated," in run.listen_command
    assert run.listen_command.endswith(f"--forward-to {settings.site_url}/webhooks/stripe")
    assert gateway.v1.webhook_endpoints.list({}).data == []


@pytest.mark.parametrize(
    ("actual", "wanted", "holds"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        (None, {"a": 1}, False),
        ([1, 2], [2, 1], True),
        ([1, 2, 3], [1, 2], False),
        ([{"prices": ["x"], "extra": None}], [{"prices": ["x"]}], True),
    ],
)
def test_contains_compares_what_is_wanted_alone(actual: object, wanted: object, holds: bool) -> None:
    assert contains(actual, wanted) is holds
