"""Time: renewals, dunning, trials, expiries and ends, on test clocks and on the emulator's own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from stripe_emulator import Emulator
from tests.shop import Shop

HOUR, DAY = 3600, 86400
START = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp())


@pytest.fixture
def shop(client: stripe.StripeClient, emulator: Emulator) -> Shop:
    """Return a shop on the session's emulator."""
    return Shop(client, emulator.url, emulator.secret_key)


@pytest.fixture
def settings(emulator: Emulator) -> Iterator[dict[str, Any]]:
    """Let a test change the emulator's settings; they are put back afterwards."""
    changed: dict[str, Any] = {}
    yield changed
    with emulator.store.write() as tx:
        for key in changed:
            tx.connection.execute("DELETE FROM settings WHERE key = ?", (key,))


def set_settings(emulator: Emulator, settings: dict[str, Any], **values: Any) -> None:
    settings |= values
    with emulator.store.write() as tx:
        for key, value in values.items():
            tx.set_setting(key, value)


def at(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")


def end_of(subscription: stripe.Subscription) -> int:
    return subscription["items"].data[0].current_period_end


def test_renewal_moves_the_period_first_and_pays_an_hour_later(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro)
    ends = end_of(subscription)

    at_end = shop.events_during(lambda: shop.advance(clock, ends + 60))
    draft = _latest(shop, subscription)
    later = shop.events_during(lambda: shop.advance(clock, ends + 2 * HOUR))
    paid = _latest(shop, subscription)

    assert (draft.status, draft.billing_reason, draft.number) == ("draft", "subscription_cycle", None)
    assert _only(at_end, "customer.subscription.updated", "invoice.created", "invoice.upcoming", "invoice.paid") == [
        "invoice.upcoming",
        "customer.subscription.updated",
        "invoice.created",
    ]
    expected = [
        "invoice.updated",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
    ]
    assert [
        each for index, each in enumerate(_only(later, *expected)) if each != "invoice.updated" or index == 0
    ] == expected
    assert paid.id == draft.id
    assert (paid.status, paid.amount_paid) == ("paid", 2900)
    assert paid.status_transitions.paid_at == ends + HOUR


def test_month_end_anchor_comes_back_after_february(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro)
    ends = [end_of(subscription)]

    for _ in range(3):
        shop.advance(clock, ends[-1] + 2 * HOUR)
        ends.append(end_of(shop.client.v1.subscriptions.retrieve(subscription.id)))

    assert [at(each) for each in ends] == [
        "2026-02-28 12:00",
        "2026-03-31 12:00",
        "2026-04-30 12:00",
        "2026-05-31 12:00",
    ]


def test_failed_renewal_is_past_due_then_canceled_after_its_retries(shop: Shop) -> None:
    clock = shop.clock(START)
    customer = shop.customer(clock=clock.id)
    subscription = shop.subscribe(customer, shop.pro)
    _break_card(shop, customer)
    ends = end_of(subscription)

    first = shop.events_during(lambda: shop.advance(clock, ends + 2 * HOUR))

    after = shop.client.v1.subscriptions.retrieve(subscription.id)
    invoice = _latest(shop, subscription)
    assert after.status == "past_due"
    assert (invoice.status, invoice.attempt_count) == ("open", 1)
    assert invoice.next_payment_attempt is not None
    assert shop.client.v1.customers.retrieve(customer.id).delinquent is True
    wanted = [
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.payment_failed",
        "invoice.updated",
        "customer.subscription.updated",
        "customer.updated",
    ]
    assert _only(first[first.index("charge.failed") :], *wanted) == wanted

    shop.advance(clock, ends + 20 * DAY)

    over = shop.client.v1.subscriptions.retrieve(subscription.id)
    last = _latest(shop, subscription)
    assert over.status == "canceled"
    assert over.cancellation_details and over.cancellation_details.reason == "payment_failed"
    assert last.attempt_count >= 5 and last.next_payment_attempt is None


def test_exhausted_retries_leave_it_unpaid_if_so_configured(
    shop: Shop, emulator: Emulator, settings: dict[str, Any]
) -> None:
    set_settings(emulator, settings, dunning_final_status="unpaid")
    clock = shop.clock(START)
    customer = shop.customer(clock=clock.id)
    subscription = shop.subscribe(customer, shop.pro)
    _break_card(shop, customer)

    shop.advance(clock, end_of(subscription) + 20 * DAY)

    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "unpaid"
    _mend_card(shop, customer)
    shop.client.v1.invoices.pay(_latest(shop, subscription).id)
    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_paying_the_open_invoice_recovers_the_subscription(shop: Shop) -> None:
    clock = shop.clock(START)
    customer = shop.customer(clock=clock.id)
    subscription = shop.subscribe(customer, shop.pro)
    _break_card(shop, customer)
    shop.advance(clock, end_of(subscription) + 2 * HOUR)
    _mend_card(shop, customer)

    types = shop.events_during(lambda: shop.client.v1.invoices.pay(_latest(shop, subscription).id))

    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert shop.client.v1.customers.retrieve(customer.id).delinquent is False
    wanted = ["invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated"]
    assert _only(types, *wanted) == wanted


def test_authentication_on_renewal_can_be_done_on_the_hosted_invoice(shop: Shop, emulator: Emulator) -> None:
    from stripe_emulator.engine.payments.authentication import complete_authentication

    clock = shop.clock(START)
    customer = shop.customer(clock=clock.id)
    subscription = shop.subscribe(customer, shop.pro)
    _use_card(shop, customer, "pm_card_authenticationRequired")

    types = shop.events_during(lambda: shop.advance(clock, end_of(subscription) + 2 * HOUR))

    invoice = _latest(shop, subscription, expand=["payments"])
    wanted = [
        "payment_intent.requires_action",
        "invoice.payment_action_required",
        "invoice.payment_failed",
        "customer.subscription.updated",
    ]
    assert _only(types[types.index(wanted[0]) :], *wanted) == wanted
    assert invoice.hosted_invoice_url and invoice.payments
    with emulator.store.write() as tx:
        intent_id = invoice.payments.data[0].payment.payment_intent
        complete_authentication(tx, tx.require("payment_intent", str(intent_id)))
    assert _latest(shop, subscription).status == "paid"
    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_subscription_set_to_cancel_ends_without_another_invoice(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro)
    shop.client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    ends = end_of(subscription)

    types = shop.events_during(lambda: shop.advance(clock, ends + HOUR))

    after = shop.client.v1.subscriptions.retrieve(subscription.id)
    assert (after.status, after.ended_at) == ("canceled", ends)
    assert "customer.subscription.deleted" in types and "invoice.created" not in types


def test_subscription_ends_at_its_cancel_at(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro)
    shop.client.v1.subscriptions.update(subscription.id, {"cancel_at": START + 10 * DAY})

    shop.advance(clock, START + 11 * DAY)

    after = shop.client.v1.subscriptions.retrieve(subscription.id)
    assert (after.status, after.ended_at) == ("canceled", START + 10 * DAY)


def test_trial_turns_into_a_paid_subscription(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro, trial_period_days=14)

    before = shop.events_during(lambda: shop.advance(clock, START + 12 * DAY))
    shop.advance(clock, START + 14 * DAY + 2 * HOUR)

    assert "customer.subscription.trial_will_end" in before
    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert (_latest(shop, subscription).status, _latest(shop, subscription).amount_paid) == ("paid", 2900)


@pytest.mark.parametrize(
    ("behavior", "status", "event"),
    [
        ("cancel", "canceled", "customer.subscription.deleted"),
        ("pause", "paused", "customer.subscription.paused"),
        ("create_invoice", "past_due", "invoice.payment_failed"),
    ],
)
def test_trial_without_a_payment_method_ends_as_its_settings_say(
    shop: Shop, behavior: str, status: str, event: str
) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(
        shop.customer(card=None, clock=clock.id),
        shop.pro,
        trial_period_days=7,
        trial_settings={"end_behavior": {"missing_payment_method": behavior}},
    )

    types = shop.events_during(lambda: shop.advance(clock, START + 7 * DAY + 2 * HOUR))

    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == status
    assert event in types


def test_trial_ended_by_the_api_without_a_card_pauses(shop: Shop) -> None:
    subscription = shop.subscribe(
        shop.customer(card=None),
        shop.pro,
        trial_period_days=7,
        trial_settings={"end_behavior": {"missing_payment_method": "pause"}},
    )

    types = shop.events_during(lambda: shop.client.v1.subscriptions.update(subscription.id, {"trial_end": "now"}))

    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "paused"
    assert "customer.subscription.trial_will_end" in types and "customer.subscription.paused" in types


def test_incomplete_subscription_expires_after_23_hours(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer("pm_card_chargeCustomerFail", clock=clock.id), shop.pro)

    shop.advance(clock, START + 22 * HOUR)
    still = shop.client.v1.subscriptions.retrieve(subscription.id).status
    types = shop.events_during(lambda: shop.advance(clock, START + 24 * HOUR))

    assert still == "incomplete"
    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "incomplete_expired"
    assert _latest(shop, subscription).status == "void"
    assert _only(types, "customer.subscription.updated", "invoice.voided") == [
        "customer.subscription.updated",
        "invoice.voided",
    ]


def test_clock_goes_at_most_two_intervals_and_never_back(shop: Shop) -> None:
    clock = shop.clock(START)
    shop.subscribe(shop.customer(clock=clock.id), shop.pro)
    clocks = shop.client.v1.test_helpers.test_clocks

    for wrong in (START + 90 * DAY, START - DAY):
        with pytest.raises(stripe.InvalidRequestError):
            clocks.advance(clock.id, {"frozen_time": wrong})

    shop.advance(clock, START + 59 * DAY)


def test_once_coupon_counts_for_one_invoice(shop: Shop) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 50, "duration": "once"})
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro, discounts=[{"coupon": coupon.id}])
    first = _latest(shop, subscription)

    shop.advance(clock, end_of(subscription) + 2 * HOUR)

    assert first.amount_paid == 1450
    assert _latest(shop, subscription).amount_paid == 2900


def test_prorations_are_billed_with_the_renewal(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.basic)
    ends = end_of(subscription)
    shop.advance(clock, START + (ends - START) // 2)
    item = subscription["items"].data[0].id
    shop.client.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "price": shop.pro.id}]})

    shop.advance(clock, ends + 2 * HOUR)

    assert _latest(shop, subscription).amount_paid == 2900 + 1450 - 450


def test_paused_collection_voids_the_renewal(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro)
    shop.client.v1.subscriptions.update(subscription.id, {"pause_collection": {"behavior": "void"}})

    shop.advance(clock, end_of(subscription) + 2 * HOUR)

    assert _latest(shop, subscription).status == "void"
    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_scheduled_downgrade_takes_effect_at_the_period_end(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro)
    schedules = shop.client.v1.subscription_schedules
    schedule = schedules.create({"from_subscription": subscription.id})
    current = schedule.phases[0]
    phases: Any = [
        {"items": [{"price": shop.pro.id}], "start_date": current.start_date, "end_date": current.end_date},
        {"items": [{"price": shop.basic.id}]},
    ]
    schedules.update(schedule.id, {"phases": phases, "end_behavior": "release"})
    assert shop.client.v1.subscriptions.retrieve(subscription.id).schedule == schedule.id

    shop.advance(clock, end_of(subscription) + 2 * HOUR)

    after = shop.client.v1.subscriptions.retrieve(subscription.id)
    assert after["items"].data[0].price.id == shop.basic.id
    assert _latest(shop, subscription).amount_paid == 900


def test_emulators_own_clock_renews_too(fresh_emulator: Emulator) -> None:
    client = stripe.StripeClient(fresh_emulator.secret_key, base_addresses={"api": fresh_emulator.url})
    shop = Shop(client, fresh_emulator.url, fresh_emulator.secret_key)
    subscription = shop.subscribe(shop.customer(), shop.pro)
    before = end_of(subscription)

    fresh_emulator.advance(days=32)

    after = client.v1.subscriptions.retrieve(subscription.id)
    assert after["items"].data[0].current_period_start == before
    invoice = _latest(shop, subscription)
    assert invoice.status == "paid" and invoice.created == before


def _latest(shop: Shop, subscription: stripe.Subscription, **params: Any) -> stripe.Invoice:
    latest = shop.client.v1.subscriptions.retrieve(subscription.id).latest_invoice
    return shop.client.v1.invoices.retrieve(str(latest), params)


def _only(types: list[str], *wanted: str) -> list[str]:
    return [each for each in types if each in wanted]


def _break_card(shop: Shop, customer: stripe.Customer) -> None:
    _use_card(shop, customer, "pm_card_chargeCustomerFail")


def _mend_card(shop: Shop, customer: stripe.Customer) -> None:
    _use_card(shop, customer, "pm_card_visa")


def _use_card(shop: Shop, customer: stripe.Customer, card: str) -> None:
    method = shop.client.v1.payment_methods.attach(card, {"customer": customer.id})
    shop.client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})


def test_subscription_paid_late_renews_too(shop: Shop) -> None:
    clock = shop.clock(START)
    customer = shop.customer(clock=clock.id)
    subscription = shop.subscribe(
        customer, shop.pro, payment_behavior="default_incomplete", expand=["latest_invoice.payments"]
    )
    invoice = subscription.latest_invoice
    assert isinstance(invoice, stripe.Invoice) and invoice.payments
    shop.client.v1.payment_intents.confirm(
        str(invoice.payments.data[0].payment.payment_intent), {"payment_method": "pm_card_visa"}
    )

    shop.advance(clock, end_of(subscription) + 2 * HOUR)

    assert _latest(shop, subscription).billing_reason == "subscription_cycle"


def test_short_trial_on_a_clock_tells_at_once_that_it_will_end(shop: Shop) -> None:
    clock = shop.clock(START)
    customer = shop.customer(card=None, clock=clock.id)

    types = shop.events_during(lambda: shop.subscribe(customer, shop.pro, trial_period_days=2))

    assert "customer.subscription.trial_will_end" in types


def test_paused_collection_resumes_at_its_time(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro)
    pause: Any = {"behavior": "void", "resumes_at": START + 5 * DAY}
    shop.client.v1.subscriptions.update(subscription.id, {"pause_collection": pause})

    shop.advance(clock, START + 6 * DAY)

    assert shop.client.v1.subscriptions.retrieve(subscription.id).pause_collection is None


def test_later_anchor_prorates_the_first_period(shop: Shop) -> None:
    clock = shop.clock(START)
    anchor = START + 14 * DAY

    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro, billing_cycle_anchor=anchor)

    assert end_of(subscription) == anchor
    assert _latest(shop, subscription).amount_paid == 2900 // 2


def test_trial_ended_early_moves_the_end_of_a_canceling_subscription(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro, trial_period_days=14)
    shop.client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})

    ended = shop.client.v1.subscriptions.update(subscription.id, {"trial_end": "now"})

    assert ended.status == "active"
    assert ended.cancel_at == end_of(ended) > START + 14 * DAY


def test_what_time_brings_about_names_no_request(shop: Shop) -> None:
    clock = shop.clock(START)
    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.pro)

    shop.advance(clock, subscription["items"].data[0].current_period_end + 7200)

    asked, came = shop.events("test_helpers.test_clock.advancing")[0], shop.events("invoice.paid")
    assert asked.request is not None and asked.request.id is not None
    assert came[0].request is not None and came[0].request.to_dict() == {"id": None, "idempotency_key": None}
    assert came[1].request is not None and came[1].request.id is not None
