"""Invoice previews: what would come, without anything of it staying."""

from typing import Any

import pytest
import stripe

from stripe_emulator import Emulator
from tests.http import KEY, send
from tests.shop import Shop


@pytest.fixture
def shop(client: stripe.StripeClient, emulator: Emulator) -> Shop:
    """Return a shop on the session's emulator."""
    return Shop(client, emulator.url, emulator.secret_key)


def preview(shop: Shop, **params: Any) -> stripe.Invoice:
    return shop.client.v1.invoices.create_preview(params)  # type: ignore[arg-type]


def test_renewal_is_previewed_at_its_price_and_time(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)

    found = preview(shop, subscription=subscription.id)

    assert (found.amount_due, found.status, found.billing_reason) == (2900, "draft", "upcoming")
    assert found.lines.data[0].period.start == subscription["items"].data[0].current_period_end


def test_new_subscription_is_previewed_without_being_made(shop: Shop) -> None:
    customer = shop.customer(card=None)
    coupon = shop.client.v1.coupons.create({"percent_off": 50, "duration": "once"})

    found = preview(
        shop,
        customer=customer.id,
        subscription_details={"items": [{"price": shop.pro.id, "quantity": 2}]},
        discounts=[{"coupon": coupon.id}],
    )

    assert (found.subtotal, found.amount_due) == (5800, 2900)
    assert shop.client.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data == []
    assert shop.client.v1.coupons.retrieve(coupon.id).times_redeemed == 0


def test_end_of_a_trial_is_previewed_at_the_full_price(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro, trial_period_days=14)

    found = preview(shop, subscription=subscription.id, subscription_details={"trial_end": "now"})

    assert found.amount_due == 2900
    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "trialing"


def test_cancellation_is_previewed_with_what_it_gives_back(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)

    found = preview(shop, subscription=subscription.id, subscription_details={"cancel_now": True})

    assert found.total == -2900
    assert found.amount_due == 0


def test_canceling_subscription_has_no_next_invoice(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)
    shop.client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})

    with pytest.raises(stripe.InvalidRequestError) as raised:
        preview(shop, subscription=subscription.id)

    assert (raised.value.code, raised.value.http_status) == ("invoice_upcoming_none", 404)


def test_preview_of_a_change_equals_the_invoice_it_brings(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.basic)
    item = subscription["items"].data[0]
    date = item.current_period_start + (item.current_period_end - item.current_period_start) // 3
    items = [{"id": item.id, "price": shop.pro.id}]
    change: Any = {"items": items, "proration_behavior": "always_invoice", "proration_date": date}

    shown = preview(shop, subscription=subscription.id, subscription_details=change)
    changed = shop.client.v1.subscriptions.update(subscription.id, {**change, "expand": ["latest_invoice"]})

    assert isinstance(changed.latest_invoice, stripe.Invoice)
    assert changed.latest_invoice.amount_paid == shown.amount_due
    assert [line.amount for line in changed.latest_invoice.lines.data] == [line.amount for line in shown.lines.data]


def test_preview_of_another_plan_that_ends_the_trial_equals_what_is_charged(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.basic, trial_period_days=14)
    item = subscription["items"].data[0]
    change: Any = {"items": [{"id": item.id, "price": shop.pro.id}], "trial_end": "now"}

    shown = preview(shop, subscription=subscription.id, subscription_details=change)
    changed = shop.client.v1.subscriptions.update(subscription.id, {**change, "expand": ["latest_invoice"]})

    assert isinstance(changed.latest_invoice, stripe.Invoice)
    assert shown.amount_due == changed.latest_invoice.amount_paid == 2900


def test_preview_of_a_trial_ended_early_has_what_is_pending(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro, trial_period_days=14)
    shop.client.v1.invoice_items.create({"customer": str(subscription.customer), "amount": 500, "currency": "usd"})

    shown = preview(shop, subscription=subscription.id, subscription_details={"trial_end": "now"})
    shop.client.v1.subscriptions.update(subscription.id, {"trial_end": "now"})

    assert shown.amount_due == 3400
    assert [line.amount for line in shown.lines.data] == [500, 2900]
    paid = shop.client.v1.invoices.list({"subscription": subscription.id}).data[0]
    assert (paid.amount_paid, [line.amount for line in paid.lines.data]) == (3400, [500, 2900])


@pytest.mark.parametrize(("balance", "due", "left"), [(-2000, 900, 0), (-5000, 0, -2100), (300, 3200, 0)])
def test_preview_says_what_the_credit_balance_pays_and_what_stays(
    shop: Shop, balance: int, due: int, left: int
) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)
    shop.client.v1.customers.update(str(subscription.customer), {"balance": balance})

    found = preview(shop, subscription=subscription.id)

    assert (found.starting_balance, found.amount_due, found.ending_balance) == (balance, due, left)


def renewed_as_previewed(shop: Shop, clock: Any, subscription: stripe.Subscription) -> tuple[int, int]:
    """Return what the preview says of the next renewal, and what is paid when it comes."""
    shown = preview(shop, subscription=subscription.id)
    shop.advance(clock, subscription["items"].data[0].current_period_end + 7200)
    return shown.amount_due, shop.client.v1.invoices.list({"subscription": subscription.id}).data[0].amount_paid


@pytest.mark.parametrize(
    ("duration", "amount"),
    [
        ({"duration": "once"}, 2900),
        ({"duration": "repeating", "duration_in_months": 1}, 2900),
        ({"duration": "repeating", "duration_in_months": 2}, 1450),
        ({"duration": "forever"}, 1450),
    ],
)
@pytest.mark.parametrize("of", ["subscription", "customer"])
def test_preview_knows_until_when_a_discount_lasts(shop: Shop, duration: Any, amount: int, of: str) -> None:
    clock = shop.clock(1_785_542_400)
    coupon = shop.client.v1.coupons.create({"percent_off": 50, **duration})
    customer = shop.customer(clock=clock.id)
    if of == "customer":
        send(shop.url, "POST", f"/v1/customers/{customer.id}", {"coupon": coupon.id}, KEY)
    subscription = shop.subscribe(
        customer, shop.pro, **({"discounts": [{"coupon": coupon.id}]} if of == "subscription" else {})
    )

    assert renewed_as_previewed(shop, clock, subscription) == (amount, amount)


def test_preview_shows_the_plan_that_the_schedule_has_for_then(shop: Shop) -> None:
    clock = shop.clock(1_785_542_400)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro)
    plan(shop, subscription, {"items": [{"price": shop.basic.id}]})

    assert renewed_as_previewed(shop, clock, subscription) == (900, 900)


def test_preview_has_the_discount_that_the_schedule_brings(shop: Shop) -> None:
    clock = shop.clock(1_785_542_400)
    half = shop.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro)
    plan(shop, subscription, {"items": [{"price": shop.pro.id}], "discounts": [{"coupon": half.id}]})

    [shown] = preview(shop, subscription=subscription.id, expand=["discounts.source.coupon"]).discounts
    assert isinstance(shown, stripe.Discount) and isinstance(shown.source.coupon, stripe.Coupon)
    assert shown.source.coupon.percent_off == 50
    assert renewed_as_previewed(shop, clock, subscription) == (1450, 1450)
    assert shop.client.v1.coupons.retrieve(half.id).times_redeemed == 1


@pytest.mark.parametrize(("is_named", "amount"), [(True, 450), (False, 900)])
def test_discount_goes_on_in_the_phases_that_name_it(shop: Shop, is_named: bool, amount: int) -> None:
    clock = shop.clock(1_785_542_400)
    half = shop.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro, discounts=[{"coupon": half.id}])
    [discount] = subscription.discounts or []
    named: Any = {"discounts": [{"discount": discount}]} if is_named else {}

    schedule = plan(shop, subscription, {"items": [{"price": shop.basic.id}], **named})

    assert [one.discount for one in schedule.phases[0].discounts] == [discount]
    assert shop.client.v1.subscriptions.retrieve(subscription.id).discounts == [discount]
    assert renewed_as_previewed(shop, clock, subscription) == (amount, amount)


def test_phase_that_begins_within_a_period_is_previewed_as_the_invoice_that_it_brings(shop: Shop) -> None:
    clock = shop.clock(1_785_542_400)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.basic)
    month_ends = subscription["items"].data[0].current_period_end
    plan(shop, subscription, {"items": [{"price": shop.pro_year.id}]})
    quarter: Any = {"interval": "month", "interval_count": 3}
    made: Any = {"product": shop.pro.product, "currency": "usd", "unit_amount": 7800, "recurring": quarter}
    items: Any = [{"id": subscription["items"].data[0].id, "price": shop.client.v1.prices.create(made).id}]
    shop.client.v1.subscriptions.update(subscription.id, {"items": items, "proration_behavior": "always_invoice"})

    shown = preview(shop, subscription=subscription.id)
    shop.advance(clock, month_ends + 7200)

    [invoice] = shop.client.v1.invoices.list({"subscription": subscription.id, "limit": 1}).data
    assert shown.created == month_ends
    assert (shown.amount_due, shown.total) == (invoice.amount_due, invoice.total)
    assert invoice.amount_due > 0


def plan(shop: Shop, subscription: stripe.Subscription, then: Any) -> stripe.SubscriptionSchedule:
    """Schedule what begins when the current period is over; the running phase stays as it is."""
    schedules = shop.client.v1.subscription_schedules
    schedule = schedules.create({"from_subscription": subscription.id})
    now = schedule.phases[0]
    today: Any = {
        "items": [{"price": one.price} for one in now["items"]],
        "start_date": now.start_date,
        "end_date": now.end_date,
        "discounts": [{"discount": one.discount} for one in now.discounts],
    }
    return schedules.update(schedule.id, {"phases": [today, then], "end_behavior": "release"})


@pytest.mark.parametrize("how", ["of the subscription", "in the preview"])
def test_plan_that_ends_after_its_next_renewal_has_a_next_invoice(shop: Shop, how: str) -> None:
    clock = shop.clock(1_785_542_400)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro)
    later = subscription["items"].data[0].current_period_end + 20 * 86_400
    if how == "of the subscription":
        shop.client.v1.subscriptions.update(subscription.id, {"cancel_at": later})
        assert renewed_as_previewed(shop, clock, subscription) == (2900, 2900)
        with pytest.raises(stripe.InvalidRequestError, match="No upcoming invoices"):
            preview(shop, subscription=subscription.id)
    else:
        details = {"cancel_at": later}
        assert preview(shop, subscription=subscription.id, subscription_details=details).amount_due == 2900


def test_schedule_that_cancels_leaves_no_next_invoice(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)
    schedules = shop.client.v1.subscription_schedules
    schedule = schedules.create({"from_subscription": subscription.id})
    schedules.update(schedule.id, {"end_behavior": "cancel"})

    with pytest.raises(stripe.InvalidRequestError, match="No upcoming invoices"):
        preview(shop, subscription=subscription.id)
