"""Discounts: every one that comes, changes or goes is told."""

from datetime import UTC, datetime

import pytest
import stripe

from stripe_emulator import Emulator
from tests.http import KEY, send
from tests.shop import Shop

JANUARY = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
MONTHS = [int(datetime(2026, month, 1, 2, tzinfo=UTC).timestamp()) for month in (2, 3, 4)]


@pytest.fixture
def shop(client: stripe.StripeClient, emulator: Emulator) -> Shop:
    """Return a shop on the session's emulator."""
    return Shop(client, emulator.url, emulator.secret_key)


def coupon(shop: Shop, percent: int = 10, **params: object) -> str:
    """Create a coupon that lasts for ever unless told otherwise, and return its id."""
    return shop.client.v1.coupons.create({"percent_off": percent, "duration": "forever", **params}).id  # type: ignore[typeddict-item]


def discount_events(shop: Shop, customer: str) -> list[str]:
    """Return what was told of a customer's discounts, oldest first."""
    told = [event for event in shop.events() if event.type.startswith("customer.discount.")]
    return [event.type for event in reversed(told) if event.data.object["customer"] == customer]


def test_added_switched_and_removed_discount_of_a_subscription_is_told(shop: Shop) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.basic)
    update = shop.client.v1.subscriptions.update

    update(subscription.id, {"discounts": [{"coupon": coupon(shop)}]})
    update(subscription.id, {"discounts": [{"coupon": coupon(shop, 20)}]})
    update(subscription.id, {"discounts": ""})

    told = discount_events(shop, customer.id)
    assert told == ["customer.discount.created", "customer.discount.updated", "customer.discount.deleted"]
    switched = shop.events("customer.discount.updated")[0].data
    assert switched.previous_attributes is not None and "source" in switched.previous_attributes


def test_kept_discount_is_not_told_again(shop: Shop) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.basic, discounts=[{"coupon": coupon(shop)}])
    assert subscription.discounts is not None
    kept = str(subscription.discounts[0])

    both = shop.client.v1.subscriptions.update(
        subscription.id, {"discounts": [{"discount": kept}, {"coupon": coupon(shop, 5)}]}
    )

    assert both.discounts is not None and both.discounts[0] == kept and len(both.discounts) == 2
    assert discount_events(shop, customer.id) == ["customer.discount.created"] * 2


def test_deleting_a_subscriptions_discount_tells_of_each(shop: Shop) -> None:
    customer = shop.customer()
    two = [{"coupon": coupon(shop)}, {"coupon": coupon(shop, 5)}]
    subscription = shop.subscribe(customer, shop.basic, discounts=two)

    shop.client.v1.subscriptions.delete_discount(subscription.id)

    assert shop.client.v1.subscriptions.retrieve(subscription.id).discounts == []
    assert discount_events(shop, customer.id)[2:] == ["customer.discount.deleted"] * 2


def test_discount_for_one_invoice_is_gone_after_it_and_told(shop: Shop) -> None:
    customer = shop.customer()

    subscription = shop.subscribe(customer, shop.basic, discounts=[{"coupon": coupon(shop, duration="once")}])

    assert subscription.discounts == []
    assert discount_events(shop, customer.id) == ["customer.discount.created", "customer.discount.deleted"]


def test_repeating_discount_ends_on_the_day_and_is_told(shop: Shop) -> None:
    clock = shop.clock(JANUARY)
    customer = shop.customer(clock=clock.id)
    twice = coupon(shop, 50, duration="repeating", duration_in_months=2)
    subscription = shop.subscribe(customer, shop.basic, discounts=[{"coupon": twice}])

    for month in MONTHS:
        shop.advance(clock, month)

    invoices = shop.client.v1.invoices.list({"subscription": subscription.id}).data
    assert [invoice.total for invoice in reversed(invoices)] == [450, 450, 900, 900]
    assert discount_events(shop, customer.id) == ["customer.discount.created", "customer.discount.deleted"]


def test_customers_own_repeating_discount_ends_by_itself(shop: Shop, emulator: Emulator) -> None:
    clock = shop.clock(JANUARY)
    customer = shop.customer(clock=clock.id)
    month = coupon(shop, 50, duration="repeating", duration_in_months=1)
    assert send(emulator.url, "POST", f"/v1/customers/{customer.id}", {"coupon": month}, KEY).status == 200

    shop.advance(clock, MONTHS[0])

    assert shop.client.v1.customers.retrieve(customer.id).discount is None
    assert discount_events(shop, customer.id) == ["customer.discount.created", "customer.discount.deleted"]


def test_amount_in_another_currency_is_not_taken_off(shop: Shop) -> None:
    euros = shop.client.v1.coupons.create({"amount_off": 500, "currency": "eur", "duration": "once"})

    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.subscribe(shop.customer(), shop.basic, discounts=[{"coupon": euros.id}])

    assert raised.value.param == "discounts[0][coupon]"


def test_code_for_first_purchases_is_refused_to_who_has_bought(shop: Shop) -> None:
    code = shop.client.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon(shop)},
            "restrictions": {"first_time_transaction": True},
        }
    )
    customer = shop.customer()
    shop.subscribe(customer, shop.basic, discounts=[{"promotion_code": code.id}])

    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.subscribe(customer, shop.pro, discounts=[{"promotion_code": code.id}])

    assert raised.value.code == "promotion_code_first_time_transaction"
    with pytest.raises(stripe.InvalidRequestError, match="prior transactions"):
        shop.session(shop.pro, customer=customer.id, discounts=[{"promotion_code": code.id}])


def test_code_for_first_purchases_works_in_checkout(shop: Shop) -> None:
    code = shop.client.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon(shop)},
            "restrictions": {"first_time_transaction": True},
        }
    )
    session = shop.session(shop.basic, discounts=[{"promotion_code": code.id}])

    assert shop.confirm(session).status_code == 200
    assert shop.reload(session).amount_total == 810


def test_subtotal_is_after_the_discounts_of_lines_and_before_the_invoices_own(shop: Shop) -> None:
    customer = shop.customer()
    draft = shop.client.v1.invoices.create({"customer": customer.id, "discounts": [{"coupon": coupon(shop, 10)}]})
    shop.client.v1.invoice_items.create(
        {
            "customer": customer.id,
            "invoice": draft.id,
            "amount": 2000,
            "currency": "usd",
            "discounts": [{"coupon": coupon(shop, 50)}],
        }
    )

    invoice = shop.client.v1.invoices.retrieve(draft.id)

    assert (invoice.lines.data[0].amount, invoice.subtotal, invoice.total) == (2000, 1000, 900)


@pytest.mark.parametrize(("mode", "given_back"), [("flexible", 1450), ("classic", 2900)])
def test_credit_of_a_flexible_subscription_is_of_what_was_billed(shop: Shop, mode: str, given_back: int) -> None:
    clock = shop.clock(JANUARY)
    subscription = shop.subscribe(
        shop.customer(clock=clock.id),
        shop.pro,
        discounts=[{"coupon": coupon(shop, 50, duration="once")}],
        billing_mode={"type": mode},
    )
    item = subscription["items"].data[0]

    shop.client.v1.subscriptions.update(
        subscription.id,
        {"items": [{"id": item.id, "price": shop.basic.id}], "proration_behavior": "always_invoice"},
    )

    change, first = shop.client.v1.invoices.list({"subscription": subscription.id}).data
    credit, debit = change.lines.data
    assert (first.amount_paid, credit.amount, debit.amount) == (1450, -given_back, 900)
    details = credit.parent and credit.parent.subscription_item_details
    credited = details and details.proration_details and details.proration_details.credited_items
    assert (credited and credited.invoice) == (first.id if mode == "flexible" else None)


def test_credit_of_a_second_change_is_of_the_first_ones_charge(shop: Shop) -> None:
    clock = shop.clock(JANUARY)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.basic, metadata={"a": "1"})
    item = subscription["items"].data[0]
    half = (item.current_period_end - item.current_period_start) // 2

    shop.advance(clock, JANUARY + half)
    for price in (shop.pro, shop.basic):
        shop.client.v1.subscriptions.update(subscription.id, {"items": [{"id": item.id, "price": price.id}]})

    waiting = shop.client.v1.invoice_items.list({"customer": str(subscription.customer), "pending": True}).data
    assert [each.amount for each in reversed(waiting)] == [-450, 1450, -1450, 450]
