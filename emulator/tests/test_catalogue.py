"""Products, prices, coupons, promotion codes, tax rates and features."""

from decimal import Decimal

import pytest
import stripe

from stripe_emulator import Emulator
from tests.http import send


@pytest.fixture
def product(client: stripe.StripeClient) -> str:
    """Create a product and return its id."""
    return client.v1.products.create({"name": "Pro"}).id


def test_recurring_price_has_its_interval(client: stripe.StripeClient, product: str) -> None:
    price = client.v1.prices.create(
        {"product": product, "currency": "usd", "unit_amount": 2900, "recurring": {"interval": "month"}}
    )

    assert price.type == "recurring"
    assert price.unit_amount_decimal == Decimal(2900)
    assert price.recurring is not None
    assert price.recurring.interval_count == 1


def test_lookup_key_is_unique_until_transferred(client: stripe.StripeClient, product: str) -> None:
    old = client.v1.prices.create({"product": product, "currency": "usd", "unit_amount": 1, "lookup_key": "pro_once"})

    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        client.v1.prices.create({"product": product, "currency": "usd", "unit_amount": 2, "lookup_key": "pro_once"})
    new = client.v1.prices.create(
        {
            "product": product,
            "currency": "usd",
            "unit_amount": 2,
            "lookup_key": "pro_once",
            "transfer_lookup_key": True,
        }
    )

    assert [one.id for one in client.v1.prices.list({"lookup_keys": ["pro_once"]}).data] == [new.id]
    assert client.v1.prices.retrieve(old.id).lookup_key is None


def test_prices_are_found_by_ten_lookup_keys_at_most(client: stripe.StripeClient, product: str) -> None:
    keys = [f"key_{number}" for number in range(11)]

    assert client.v1.prices.list({"lookup_keys": keys[:10]}).data == []
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.prices.list({"lookup_keys": keys})

    assert (refused.value.http_status, refused.value.param) == (400, "lookup_keys")


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"currency": "usd"}, "unit_amount"),
        ({"currency": "usd", "unit_amount": "-1"}, "unit_amount"),
        ({"currency": "usd", "unit_amount": "1", "unit_amount_decimal": "1.5"}, "unit_amount_decimal"),
        ({"currency": "xyz", "unit_amount": "1"}, "currency"),
        ({"currency": "usd", "unit_amount": "1", "recurring[interval]": "eon"}, "recurring[interval]"),
        (
            {
                "currency": "usd",
                "unit_amount": "1",
                "recurring[interval]": "year",
                "recurring[interval_count]": "4",
            },
            "recurring[interval_count]",
        ),
    ],
)
def test_wrong_price_is_refused(emulator: Emulator, product: str, params: dict[str, str], param: str) -> None:
    answer = send(emulator.url, "POST", "/v1/prices", {"product": product, **params})

    assert (answer.status, answer.error["param"]) == (400, param)


def test_price_of_a_missing_product_is_refused_on_its_parameter(emulator: Emulator) -> None:
    answer = send(emulator.url, "POST", "/v1/prices", {"product": "prod_none", "currency": "usd", "unit_amount": "1"})

    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "resource_missing", "product")


def test_product_with_prices_cannot_be_deleted(client: stripe.StripeClient, product: str) -> None:
    client.v1.prices.create({"product": product, "currency": "usd", "unit_amount": 1})

    with pytest.raises(stripe.InvalidRequestError, match="cannot be deleted"):
        client.v1.products.delete(product)


def test_product_id_can_be_chosen_once(client: stripe.StripeClient, emulator: Emulator) -> None:
    client.v1.products.create({"id": "chosen", "name": "Chosen"})

    answer = send(emulator.url, "POST", "/v1/products", {"id": "chosen", "name": "Again"})

    assert (answer.status, answer.error["code"]) == (400, "resource_already_exists")


def test_default_price_can_be_made_with_the_product(client: stripe.StripeClient) -> None:
    product = client.v1.products.create(
        {"name": "With price", "default_price_data": {"currency": "eur", "unit_amount": 500}}
    )

    price = client.v1.prices.list({"product": product.id}).data[0]

    assert product.default_price == price.id
    assert price.currency == "eur"


def test_tiered_price_shows_its_tiers_when_expanded(client: stripe.StripeClient, product: str) -> None:
    id = client.v1.prices.create(
        {
            "product": product,
            "currency": "usd",
            "billing_scheme": "tiered",
            "tiers_mode": "graduated",
            "recurring": {"interval": "month"},
            "tiers": [{"up_to": 10, "unit_amount": 100}, {"up_to": "inf", "unit_amount": 50}],
        }
    ).id

    price = client.v1.prices.retrieve(id, {"expand": ["tiers"]})

    assert price.tiers is not None
    assert [(tier.up_to, tier.unit_amount) for tier in price.tiers] == [(10, 100), (None, 50)]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"percent_off": "0"},
        {"percent_off": "101"},
        {"percent_off": "10", "amount_off": "10", "currency": "usd"},
        {"amount_off": "10"},
        {"percent_off": "10", "duration": "repeating"},
        {"percent_off": "10", "duration_in_months": "3"},
        {"percent_off": "10", "max_redemptions": "0"},
    ],
)
def test_wrong_coupon_is_refused(emulator: Emulator, params: dict[str, str]) -> None:
    assert send(emulator.url, "POST", "/v1/coupons", params).status == 400


def test_promotion_code_is_found_in_any_case(client: stripe.StripeClient) -> None:
    coupon = client.v1.coupons.create({"percent_off": 25, "duration": "once"})

    code = client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "WELCOME25"})

    assert [one.id for one in client.v1.promotion_codes.list({"code": "welcome25"}).data] == [code.id]
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "welcome25"})


def test_deleted_coupon_is_missing_on_its_own_name(client: stripe.StripeClient, emulator: Emulator) -> None:
    coupon = client.v1.coupons.create({"amount_off": 100, "currency": "usd"})

    client.v1.coupons.delete(coupon.id)

    answer = send(emulator.url, "GET", f"/v1/coupons/{coupon.id}")
    assert (answer.status, answer.error["param"]) == (404, "coupon")


def test_tax_rates_are_kept(client: stripe.StripeClient) -> None:
    rate = client.v1.tax_rates.create({"display_name": "VAT", "percentage": 25, "inclusive": False})

    client.v1.tax_rates.update(rate.id, {"active": False})

    assert rate.id in [one.id for one in client.v1.tax_rates.list({"active": False}).data]


def test_product_gives_features(client: stripe.StripeClient, product: str) -> None:
    feature = client.v1.entitlements.features.create({"lookup_key": "reports", "name": "Reports"})

    attached = client.v1.products.features.create(product, {"entitlement_feature": feature.id})
    before = client.v1.products.features.list(product).data
    client.v1.products.features.delete(product, attached.id)

    assert [one.entitlement_feature.lookup_key for one in before] == ["reports"]
    assert client.v1.products.features.list(product).data == []


def test_default_price_of_a_product_is_not_archived(client: stripe.StripeClient) -> None:
    made = client.v1.products.create(
        {"name": "With price", "default_price_data": {"currency": "eur", "unit_amount": 500}}
    )

    with pytest.raises(stripe.InvalidRequestError, match="default price of its product"):
        client.v1.prices.update(str(made.default_price), {"active": False})

    assert client.v1.prices.retrieve(str(made.default_price)).active
