"""Prices in several currencies: what they show, what is sold and billed in them, and what Stripe refuses."""

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


def sold_in_euros(shop: Shop, product: stripe.Price, amount: int = 2900, **options: int) -> stripe.Price:
    """A monthly price in dollars with amounts in other currencies."""
    given: Any = {code: {"unit_amount": each} for code, each in (options or {"eur": 2700}).items()}
    return shop.client.v1.prices.create(
        {
            "product": str(product.product),
            "unit_amount": amount,
            "currency": "usd",
            "recurring": {"interval": "month"},
            "currency_options": given,
        }
    )


def options_of(shop: Shop, price: stripe.Price) -> dict[str, int | None]:
    found = shop.client.v1.prices.retrieve(price.id, {"expand": ["currency_options"]}).currency_options
    assert found is not None
    return {str(code): option["unit_amount"] for code, option in found.to_dict().items()}


def test_currency_options_are_shown_on_request_alone(shop: Shop) -> None:
    price = sold_in_euros(shop, shop.pro)

    assert "currency_options" not in shop.client.v1.prices.retrieve(price.id).to_dict()
    assert options_of(shop, price) == {"usd": 2900, "eur": 2700}


def test_currency_option_can_be_added_later_and_changed(shop: Shop) -> None:
    price = sold_in_euros(shop, shop.pro)

    params: Any = {"currency_options": {"gbp": {"unit_amount": 2500}, "eur": {"unit_amount": 2800}}}
    shop.client.v1.prices.update(price.id, params)

    assert options_of(shop, price) == {"usd": 2900, "eur": 2800, "gbp": 2500}


@pytest.mark.parametrize(
    ("code", "message"),
    [("xxa", "Invalid currency: xxa"), ("euro", "Invalid currency: euro"), ("usd", "the currency of the price itself")],
)
def test_option_in_no_other_currency_is_refused(shop: Shop, code: str, message: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=message) as refusal:
        sold_in_euros(shop, shop.pro, **{code: 100})

    assert (refusal.value.http_status, refusal.value.param) == (400, f"currency_options[{code}]")


def test_subscription_in_another_currency_is_billed_and_renewed_in_it(shop: Shop) -> None:
    clock = shop.clock(START)
    customer = shop.customer(clock=clock.id)
    subscription = shop.subscribe(customer, sold_in_euros(shop, shop.pro), currency="eur")
    shown = shop.client.v1.invoices.create_preview({"subscription": subscription.id})
    shop.advance(clock, add_months(START, 1) + 7200)

    invoices = shop.client.v1.invoices.list({"subscription": subscription.id}).data
    assert [(each.currency, each.amount_paid) for each in invoices] == [("eur", 2700), ("eur", 2700)]
    assert (shown.currency, shown.amount_due) == ("eur", 2700)
    assert invoices[0].lines.data[0].description == "1 × Pro (at €27.00 / month)"
    assert shop.client.v1.customers.retrieve(customer.id).currency == "eur"


def test_item_shows_its_price_in_the_prices_own_currency(shop: Shop) -> None:
    price = sold_in_euros(shop, shop.pro)

    subscription = shop.subscribe(shop.customer(), price, currency="eur")

    item = subscription["items"].data[0]
    assert (subscription.currency, item.price.currency, item.price.unit_amount) == ("eur", "usd", 2900)
    path = "items.data.price.currency_options"
    expanded = shop.client.v1.subscriptions.retrieve(subscription.id, {"expand": [path]})
    assert expanded["items"].data[0].price.currency_options["eur"].unit_amount == 2700


def test_change_is_prorated_in_the_subscriptions_currency(shop: Shop) -> None:
    clock = shop.clock(START)
    basic = sold_in_euros(shop, shop.basic, 900, eur=620)
    subscription = shop.subscribe(shop.customer(clock=clock.id), basic, currency="eur")
    item = subscription["items"].data[0]
    shop.advance(clock, START + 31 * 86_400 // 2)
    change: Any = {
        "items": [{"id": item.id, "price": sold_in_euros(shop, shop.pro, eur=2480).id}],
        "proration_behavior": "always_invoice",
    }

    changed = shop.client.v1.subscriptions.update(subscription.id, {**change, "expand": ["latest_invoice"]})

    invoice = changed.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert (changed.currency, invoice.currency) == ("eur", "eur")
    assert [line.amount for line in invoice.lines.data] == [-310, 1240]


def test_change_to_a_price_without_the_currency_is_refused(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), sold_in_euros(shop, shop.pro), currency="eur")
    change: Any = {"items": [{"id": subscription["items"].data[0].id, "price": shop.basic.id}]}

    with pytest.raises(stripe.InvalidRequestError, match=r"only supports `usd`. This doesn't match .*: `eur`"):
        shop.client.v1.subscriptions.update(subscription.id, change)


@pytest.mark.parametrize("cents", [{"jpy": 4400}, {"kwd": 9000}])
def test_checkout_sells_in_the_currency_asked_for(shop: Shop, cents: dict[str, int]) -> None:
    ((currency, amount),) = cents.items()
    price = sold_in_euros(shop, shop.pro, **cents)

    session = shop.session(price, customer=shop.customer(None).id, currency=currency)
    answer = shop.confirm(session, expected_amount=amount)

    assert answer.status_code == 200
    paid = shop.reload(session, expand=["line_items", "subscription", "invoice"])
    assert (paid.currency, paid.amount_subtotal, paid.amount_total) == (currency, amount, amount)
    assert paid.line_items is not None
    assert (paid.line_items.data[0].currency, paid.line_items.data[0].amount_total) == (currency, amount)
    assert isinstance(paid.subscription, stripe.Subscription)
    assert paid.subscription.currency == currency
    assert isinstance(paid.invoice, stripe.Invoice)
    assert (paid.invoice.currency, paid.invoice.amount_paid) == (currency, amount)


def test_one_time_price_is_sold_and_invoiced_in_the_currency_asked_for(shop: Shop) -> None:
    price = shop.client.v1.prices.create(
        {
            "product": str(shop.pro.product),
            "unit_amount": 19900,
            "currency": "usd",
            "currency_options": {"eur": {"unit_amount": 18900}},
        }
    )

    session = shop.session(price, customer=shop.customer(None).id, currency="eur", invoice_creation={"enabled": True})
    shop.confirm(session)

    paid = shop.reload(session, expand=["payment_intent", "invoice"])
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert (paid.payment_intent.currency, paid.payment_intent.amount) == ("eur", 18900)
    assert isinstance(paid.invoice, stripe.Invoice)
    assert (paid.invoice.currency, paid.invoice.amount_paid) == ("eur", 18900)


@pytest.mark.parametrize(
    ("currency", "message"),
    [
        ("gbp", "supports currencies of `usd`, `eur` which doesn't include the expected currency of `gbp`"),
        ("xxa", "Invalid currency: xxa. Stripe currently supports these currencies"),
    ],
)
def test_session_in_a_currency_that_the_price_has_not_is_refused(shop: Shop, currency: str, message: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=message) as refusal:
        shop.session(sold_in_euros(shop, shop.pro), currency=currency)

    assert (refusal.value.http_status, refusal.value.param) == (400, "currency")


def test_second_subscription_in_another_currency_is_refused(shop: Shop) -> None:
    customer = shop.customer()
    shop.subscribe(customer, sold_in_euros(shop, shop.basic), currency="eur")

    price, refused = sold_in_euros(shop, shop.pro), "cannot combine currencies on a single customer"
    with pytest.raises(stripe.InvalidRequestError, match=refused):
        shop.subscribe(customer, price, currency="usd")
    with pytest.raises(stripe.InvalidRequestError, match=refused):
        shop.session(price, customer=customer.id, currency="usd")


def test_customers_currency_is_kept_where_none_is_asked_for(shop: Shop) -> None:
    customer = shop.customer()
    shop.subscribe(customer, sold_in_euros(shop, shop.basic), currency="eur")

    assert shop.subscribe(customer, sold_in_euros(shop, shop.pro)).currency == "eur"
    assert shop.session(sold_in_euros(shop, shop.pro), customer=customer.id).currency == "eur"
    with pytest.raises(stripe.InvalidRequestError, match="cannot combine currencies on a single customer"):
        shop.subscribe(customer, shop.pro)


def test_currency_is_free_again_once_nothing_is_billed(shop: Shop) -> None:
    customer = shop.customer()
    first = shop.subscribe(customer, sold_in_euros(shop, shop.basic), currency="eur")
    shop.client.v1.subscriptions.cancel(first.id)

    again = shop.subscribe(customer, shop.pro)

    assert again.currency == "usd"
    assert shop.client.v1.customers.retrieve(customer.id).currency == "usd"


def test_credit_stays_in_the_currency_that_it_was_given_in(shop: Shop) -> None:
    customer = shop.customer()
    first = shop.subscribe(customer, shop.basic)
    balances = shop.client.v1.customers.balance_transactions
    balances.create(customer.id, {"amount": -500, "currency": "usd"})
    shop.client.v1.subscriptions.cancel(first.id)

    second = shop.subscribe(customer, sold_in_euros(shop, shop.pro), currency="eur", expand=["latest_invoice"])

    assert isinstance(second.latest_invoice, stripe.Invoice)
    assert second.latest_invoice.amount_paid == 2700
    known = shop.client.v1.customers.retrieve(customer.id, {"expand": ["invoice_credit_balance"]})
    assert known.invoice_credit_balance is not None
    assert (known.balance, known.invoice_credit_balance.to_dict()) == (0, {"usd": -500})
    shop.client.v1.subscriptions.cancel(second.id)
    shop.subscribe(customer, shop.basic)
    assert shop.client.v1.invoices.list({"customer": customer.id}).data[0].amount_paid == 400


def test_schedule_keeps_the_subscriptions_currency(shop: Shop) -> None:
    clock = shop.clock(START)
    pro, basic = sold_in_euros(shop, shop.pro), sold_in_euros(shop, shop.basic, 900, eur=800)
    subscription = shop.subscribe(shop.customer(clock=clock.id), pro, currency="eur")
    schedules = shop.client.v1.subscription_schedules
    schedule = schedules.create({"from_subscription": subscription.id})
    now = schedule.phases[0]
    phases: Any = [
        {"items": [{"price": pro.id}], "start_date": now.start_date, "end_date": now.end_date},
        {"items": [{"price": basic.id}]},
    ]

    changed = schedules.update(schedule.id, {"phases": phases, "end_behavior": "release"})
    shop.advance(clock, add_months(START, 1) + 7200)

    assert {phase.currency for phase in changed.phases} == {"eur"}
    renewal = shop.client.v1.invoices.list({"subscription": subscription.id}).data[0]
    assert (renewal.currency, renewal.amount_paid) == ("eur", 800)
