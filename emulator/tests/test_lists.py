"""Lists: order, cursors, filters, expansion and search."""

from typing import Any

import pytest
import stripe

from stripe_emulator import Emulator
from tests.http import send
from tests.shop import Shop


@pytest.fixture
def products(client: stripe.StripeClient) -> list[str]:
    """Create five products and return their ids, newest first."""
    return [client.v1.products.create({"name": f"P{n}", "url": "https://lists.example"}).id for n in range(5)][::-1]


def test_pages_run_newest_first_and_join_up(client: stripe.StripeClient, products: list[str]) -> None:
    first = client.v1.products.list({"limit": 2, "url": "https://lists.example"})
    second = client.v1.products.list({"limit": 2, "starting_after": products[1], "url": "https://lists.example"})
    back = client.v1.products.list({"limit": 2, "ending_before": products[2], "url": "https://lists.example"})

    assert [one.id for one in first.data] == products[:2]
    assert first.has_more
    assert [one.id for one in second.data] == products[2:4]
    assert [one.id for one in back.data] == products[:2]


def test_auto_paging_sees_everything_once(client: stripe.StripeClient, products: list[str]) -> None:
    seen = [one.id for one in client.v1.products.list({"limit": 2}).auto_paging_iter()]

    assert seen[:5] == products
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x"])
def test_limit_out_of_range_is_refused(emulator: Emulator, limit: str) -> None:
    answer = send(emulator.url, "GET", f"/v1/products?limit={limit}")

    assert (answer.status, answer.error["param"]) == (400, "limit")


def test_unknown_cursor_is_refused(emulator: Emulator) -> None:
    answer = send(emulator.url, "GET", "/v1/products?starting_after=prod_none")

    assert (answer.status, answer.error["code"]) == (400, "resource_missing")
    assert answer.error["param"] == "starting_after"


def test_created_bounds_filter(client: stripe.StripeClient, products: list[str]) -> None:
    created = client.v1.products.retrieve(products[0]).created

    assert client.v1.products.list({"created": {"gt": created + 1}}).data == []
    assert products[0] in [one.id for one in client.v1.products.list({"created": {"gte": created}}).data]
    assert client.v1.products.list({"created": created + 100}).data == []


def test_expand_reaches_into_lists(client: stripe.StripeClient) -> None:
    price = client.v1.prices.create(
        {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Expanded"}, "lookup_key": "expand_me"}
    )

    listed = client.v1.prices.list({"lookup_keys": ["expand_me"], "expand": ["data.product"]})

    assert isinstance(price.product, str)
    assert isinstance(listed.data[0].product, stripe.Product)
    assert listed.data[0].product.name == "Expanded"


def test_expand_works_on_the_answer_of_a_post(client: stripe.StripeClient) -> None:
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 900,
            "product_data": {"name": "Posted"},
            "expand": ["product", "currency_options"],
        }
    )

    assert isinstance(price.product, stripe.Product)
    assert price.currency_options is not None
    assert price.currency_options["usd"].unit_amount == 900


@pytest.mark.parametrize("path", ["nonsense", "email", "data.customer", "subscriptions.data.nonsense_x", "a.b.c.d.e"])
def test_what_cannot_be_expanded_is_refused(client: stripe.StripeClient, path: str) -> None:
    customer = client.v1.customers.create({})

    with pytest.raises(stripe.InvalidRequestError, match="expand"):
        client.v1.customers.retrieve(customer.id, {"expand": [path]})


def test_fields_left_out_by_default_come_when_expanded(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"tax_id_data": [{"type": "eu_vat", "value": "DE1"}]})

    plain = client.v1.customers.retrieve(customer.id)
    full = client.v1.customers.retrieve(customer.id, {"expand": ["subscriptions", "sources", "tax_ids"]})

    assert "tax_ids" not in plain
    assert "subscriptions" not in plain
    assert full.tax_ids is not None
    assert full.tax_ids.data[0].value == "DE1"
    assert full.subscriptions is not None
    assert full.subscriptions.data == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("email:'search@example.com'", True),
        ("email:'SEARCH@example.com'", True),
        ("metadata['plan']:'pro' AND email:'search@example.com'", True),
        ("metadata['plan']:'basic' AND email:'search@example.com'", False),
        ("name~'sear' AND -phone:null", False),
        ("email:'search@example.com' AND phone:null", True),
        ("email:'search@example.com' AND created>1600000000", True),
        ("email:'search@example.com' AND created<1600000000", False),
        ("email:'nobody@example.com' OR email:'search@example.com'", True),
        ('email:"search@example.com"', True),
    ],
)
def test_search_understands_stripes_language(client: stripe.StripeClient, query: str, found: bool) -> None:
    client.v1.customers.create({"email": "search@example.com", "name": "Searched", "metadata": {"plan": "pro"}})

    result = client.v1.customers.search({"query": query})

    assert bool(result.data) is found


@pytest.mark.parametrize(
    "query",
    ["", "email", "email:", "email:'x", "planet:'x'", "metadata:'x'", "email:'a' AND", "a:'b' AND b:'c' OR c:'d'"],
)
def test_malformed_search_is_refused(emulator: Emulator, query: str) -> None:
    answer = send(emulator.url, "GET", f"/v1/customers/search?query={query.replace(' ', '+')}")

    assert answer.status == 400
    assert answer.error["type"] == "invalid_request_error"


def test_ids_in_a_list_are_expanded_each(client: stripe.StripeClient) -> None:
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 900,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Listed"},
        }
    )
    coupons = [client.v1.coupons.create({"percent_off": 10, "duration": "forever"}).id for _ in range(2)]
    customer = client.v1.customers.create(
        {"payment_method": "pm_card_visa", "invoice_settings": {"default_payment_method": "pm_card_visa"}}
    )
    id = client.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": price.id}],
            "discounts": [{"coupon": coupon} for coupon in coupons],
        }
    ).id

    subscription = client.v1.subscriptions.retrieve(
        id, {"expand": ["discounts.source.coupon", "customer", "items.data.price.product", "latest_invoice"]}
    )

    assert subscription.discounts is not None
    shown = [one.to_dict()["source"]["coupon"]["id"] for one in subscription.discounts]  # type: ignore[union-attr]
    assert sorted(shown) == sorted(coupons)
    assert isinstance(subscription.customer, stripe.Customer)
    assert isinstance(subscription.items.data[0].price.product, stripe.Product)
    assert isinstance(subscription.latest_invoice, stripe.Invoice)


def test_lists_leave_out_what_is_on_a_test_clock_unless_asked(client: stripe.StripeClient, emulator: Emulator) -> None:
    shop = Shop(client, emulator.url, emulator.secret_key)
    clock = shop.clock(1800000000)
    customer = shop.customer(clock=clock.id)
    subscription = shop.subscribe(customer, shop.basic)
    schedule = client.v1.subscription_schedules.create({"from_subscription": subscription.id})

    def listed(**params: Any) -> list[str]:
        return [one.id for one in client.v1.subscriptions.list({"limit": 100, **params}).data]

    assert subscription.id not in listed() and subscription.id not in listed(status="all")
    assert listed(customer=customer.id) == listed(test_clock=clock.id) == [subscription.id]
    assert schedule.id not in [one.id for one in client.v1.subscription_schedules.list({"limit": 100}).data]
    assert client.v1.subscription_schedules.list({"customer": customer.id}).data[0].id == schedule.id
    assert customer.id not in [one.id for one in client.v1.customers.list({"limit": 100}).data]
    assert client.v1.invoices.list({"limit": 1}).data[0].customer == customer.id


def test_subscriptions_are_listed_by_plan_and_by_tax(client: stripe.StripeClient, emulator: Emulator) -> None:
    shop = Shop(client, emulator.url, emulator.secret_key)
    customer = shop.customer()
    taxed = shop.subscribe(customer, shop.basic, automatic_tax={"enabled": True})
    plain = shop.subscribe(customer, shop.pro)

    def listed(**params: Any) -> list[str]:
        return [one.id for one in client.v1.subscriptions.list({"customer": customer.id, **params}).data]

    assert listed(automatic_tax={"enabled": True}) == listed(plan=shop.basic.id) == [taxed.id]
    assert listed(automatic_tax={"enabled": False}) == listed(price=shop.pro.id) == [plain.id]


def test_schedules_and_invoices_are_listed_by_their_times(client: stripe.StripeClient, emulator: Emulator) -> None:
    shop = Shop(client, emulator.url, emulator.secret_key)
    customer = shop.customer()
    schedule = client.v1.subscription_schedules.create({"from_subscription": shop.subscribe(customer, shop.basic).id})
    released = client.v1.subscription_schedules.release(schedule.id)
    sent = client.v1.invoices.create(
        {"customer": customer.id, "collection_method": "send_invoice", "due_date": 1900000000}
    )

    schedules: Any = {"customer": customer.id, "released_at": {"gte": released.released_at}}
    assert len(client.v1.subscription_schedules.list(schedules).data) == 1
    assert client.v1.subscription_schedules.list({"customer": customer.id, "scheduled": True}).data == []
    due: Any = {"customer": customer.id, "due_date": {"gt": 1899999999}}
    assert [one.id for one in client.v1.invoices.list(due).data] == [sent.id]


def test_search_counts_and_expands_when_asked(client: stripe.StripeClient, emulator: Emulator) -> None:
    shop = Shop(client, emulator.url, emulator.secret_key)
    for _ in range(3):
        client.v1.customers.update(shop.customer().id, {"name": "Counted"})
    asked: Any = ["total_count", "data.invoice_settings.default_payment_method"]

    found = client.v1.customers.search({"query": "name:'Counted'", "limit": 2, "expand": asked})
    plain = client.v1.customers.search({"query": "name:'Counted'", "limit": 2})

    assert (found["total_count"], len(found.data), found.has_more) == (3, 2, True)
    settings = found.data[0].invoice_settings
    assert settings and isinstance(settings.default_payment_method, stripe.PaymentMethod)
    assert "total_count" not in plain


def test_slash_at_the_end_is_no_list(emulator: Emulator) -> None:
    answer = send(emulator.url, "GET", "/v1/customers/")

    assert answer.status == 404
    assert "remove the trailing slash" in answer.error["message"]
