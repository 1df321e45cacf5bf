"""Subscriptions made and changed through the API."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from stripe_emulator import Emulator
from tests.shop import Shop


@pytest.fixture
def shop(client: stripe.StripeClient, emulator: Emulator) -> Shop:
    """Return a shop on the session's emulator."""
    return Shop(client, emulator.url, emulator.secret_key)


def test_paid_subscription_is_active_from_the_start(shop: Shop) -> None:
    customer = shop.customer()

    subscription = shop.subscribe(customer, shop.pro, expand=["latest_invoice.payments"])

    assert subscription.status == "active"
    item = subscription["items"].data[0]
    assert item.current_period_end > item.current_period_start
    assert item.plan.id == shop.pro.id and item.quantity == 1
    invoice = subscription.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert invoice.status == "paid"
    assert invoice.payments is not None and invoice.payments.data[0].status == "paid"


def test_subscription_without_a_payment_method_is_refused(shop: Shop) -> None:
    customer = shop.customer(card=None)

    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        shop.subscribe(customer, shop.pro)

    assert shop.client.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data == []


def test_declined_first_payment_leaves_an_incomplete_subscription(shop: Shop) -> None:
    customer = shop.customer("pm_card_chargeCustomerFail")

    types = shop.events_during(lambda: shop.subscribe(customer, shop.pro))

    subscription = shop.client.v1.subscriptions.list({"customer": customer.id}).data[0]
    assert subscription.status == "incomplete"
    wanted = [
        "customer.subscription.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.payment_failed",
    ]
    assert [each for each in types if each in wanted] == wanted
    assert "customer.subscription.updated" not in types


def test_error_if_incomplete_leaves_nothing_behind(shop: Shop) -> None:
    customer = shop.customer("pm_card_chargeCustomerFail")

    with pytest.raises(stripe.CardError) as raised:
        shop.subscribe(customer, shop.pro, payment_behavior="error_if_incomplete")

    assert raised.value.code == "card_declined"
    assert shop.client.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data == []
    assert shop.client.v1.invoices.list({"customer": customer.id}).data == []


def test_default_incomplete_waits_for_its_payment_intent(shop: Shop) -> None:
    customer = shop.customer(card=None)
    subscription = shop.subscribe(
        customer,
        shop.pro,
        payment_behavior="default_incomplete",
        expand=["latest_invoice.confirmation_secret", "latest_invoice.payments"],
    )
    assert subscription.status == "incomplete"
    invoice = subscription.latest_invoice
    assert isinstance(invoice, stripe.Invoice) and invoice.payments and invoice.confirmation_secret
    intent = invoice.payments.data[0].payment.payment_intent
    assert isinstance(intent, str) and invoice.confirmation_secret.client_secret.startswith(intent)

    shop.client.v1.payment_intents.confirm(intent, {"payment_method": "pm_card_visa"})

    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert shop.client.v1.invoices.retrieve(invoice.id).status == "paid"
    found = shop.client.v1.invoice_payments.list({"payment": {"type": "payment_intent", "payment_intent": intent}})
    assert [each.invoice for each in found.data] == [invoice.id]


def test_trial_needs_no_payment_method(shop: Shop) -> None:
    customer = shop.customer(card=None)

    types = shop.events_during(lambda: shop.subscribe(customer, shop.pro, trial_period_days=1))

    subscription = shop.client.v1.subscriptions.list({"customer": customer.id}).data[0]
    assert subscription.status == "trialing"
    assert subscription.trial_end == subscription["items"].data[0].current_period_end
    assert "invoice.paid" in types


def test_short_trial_tells_at_once_that_it_will_end(shop: Shop) -> None:
    customer = shop.customer(card=None)
    shop.subscribe(customer, shop.pro, trial_period_days=1)

    assert _eventually(shop, "customer.subscription.trial_will_end", customer.id)


def _eventually(shop: Shop, type: str, customer: str) -> bool:
    import time

    for _ in range(40):
        for event in shop.client.v1.events.list({"type": type, "limit": 10}).data:
            if event.data.object["customer"] == customer:
                return True
        time.sleep(0.1)
    return False


def test_flag_set_by_api_is_the_flag(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)

    updated = shop.client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})

    assert updated.cancel_at_period_end is True
    assert updated.cancellation_details and updated.cancellation_details.reason == "cancellation_requested"
    event = shop.client.v1.events.list({"type": "customer.subscription.updated", "limit": 1}).data[0]
    assert event.data.previous_attributes["cancel_at_period_end"] is False
    assert "metadata" not in event.data.previous_attributes


def test_of_several_rhythms_the_flag_means_the_earliest_end_and_the_portal_the_latest(
    shop: Shop, emulator: Emulator
) -> None:
    def ends(how: str) -> tuple[int | None, int, int]:
        monthly = shop.price(500, str(shop.pro.product))
        made: Any = {"customer": shop.customer().id, "items": [{"price": shop.pro_year.id}, {"price": monthly.id}]}
        subscription = shop.client.v1.subscriptions.create(made)
        if how == "flag":
            shop.client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
        else:
            emulator.cancel_in_portal(subscription.id)
        found = shop.client.v1.subscriptions.retrieve(subscription.id)
        periods = [item.current_period_end for item in found["items"].data]
        return found.cancel_at, min(periods), max(periods)

    by_flag, earliest, _ = ends("flag")
    by_portal, _, latest = ends("portal")

    assert (by_flag, by_portal) == (earliest, latest)


def test_cancellation_can_be_taken_back(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)
    shop.client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})

    resumed = shop.client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})

    assert (resumed.cancel_at_period_end, resumed.cancel_at, resumed.canceled_at) == (False, None, None)


def test_end_at_a_time_leaves_the_flag_alone(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)
    ends = subscription["items"].data[0].current_period_end

    updated = shop.client.v1.subscriptions.update(subscription.id, {"cancel_at": "min_period_end"})

    assert (updated.cancel_at, updated.cancel_at_period_end) == (ends, False)
    cleared = shop.client.v1.subscriptions.update(subscription.id, {"cancel_at": ""})
    assert cleared.cancel_at is None


def test_subscription_canceled_now_is_over(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)

    types = shop.events_during(lambda: shop.client.v1.subscriptions.cancel(subscription.id))

    assert types == ["customer.subscription.deleted"]
    after = shop.client.v1.subscriptions.retrieve(subscription.id)
    assert after.status == "canceled" and after.ended_at is not None
    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.client.v1.subscriptions.cancel(subscription.id)
    assert raised.value.http_status == 404 and raised.value.param == "id"


def test_plan_swap_leaves_prorations_for_the_next_invoice(shop: Shop) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.basic)

    types = shop.events_during(lambda: _swap(shop, subscription, shop.pro))

    assert types == ["invoiceitem.created", "invoiceitem.created", "customer.subscription.updated"]
    pending = shop.client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data
    assert sorted(item.amount for item in pending) == [-900, 2900]
    preview = shop.client.v1.invoices.create_preview({"subscription": subscription.id})
    assert preview.amount_due == 2900 - 900 + 2900
    assert preview.id.startswith("upcoming_in_")
    event = shop.client.v1.events.list({"type": "customer.subscription.updated", "limit": 1}).data[0]
    old = event.data.previous_attributes["items"]["data"][0]
    assert old["price"]["id"] == shop.basic.id


def test_preview_changes_nothing(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.basic)
    item = subscription["items"].data[0].id
    details: Any = {"items": [{"id": item, "price": shop.pro.id}], "proration_behavior": "always_invoice"}

    types = shop.events_during(
        lambda: shop.client.v1.invoices.create_preview(
            {"subscription": subscription.id, "subscription_details": details}
        )
    )

    preview = shop.client.v1.invoices.create_preview({"subscription": subscription.id, "subscription_details": details})
    assert types == []
    assert preview.amount_due == 2000
    assert [line.amount for line in preview.lines.data] == [-900, 2900]
    assert shop.client.v1.subscriptions.retrieve(subscription.id)["items"].data[0].price.id == shop.basic.id


def test_always_invoice_charges_the_difference_now(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.basic)

    updated = _swap(shop, subscription, shop.pro, proration_behavior="always_invoice", expand=["latest_invoice"])

    invoice = updated.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert (invoice.billing_reason, invoice.status, invoice.amount_paid) == (
        "subscription_update",
        "paid",
        2000,
    )
    assert all(line.parent.subscription_item_details.proration for line in invoice.lines.data)


def test_going_over_to_a_year_starts_a_new_period_at_once(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)

    updated = _swap(shop, subscription, shop.pro_year, expand=["latest_invoice"])

    item = updated["items"].data[0]
    assert 364 * 86400 < item.current_period_end - item.current_period_start < 367 * 86400
    invoice = updated.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert invoice.amount_paid == 29000 - 2900


def test_refused_change_is_undone_whole(shop: Shop) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.basic)
    failing = shop.client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    shop.client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": failing.id}})

    with pytest.raises(stripe.CardError):
        _swap(
            shop,
            subscription,
            shop.pro,
            proration_behavior="always_invoice",
            payment_behavior="error_if_incomplete",
        )

    after = shop.client.v1.subscriptions.retrieve(subscription.id)
    assert after["items"].data[0].price.id == shop.basic.id
    assert shop.client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data == []


def test_pending_change_waits_for_its_invoice(shop: Shop) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.basic)
    failing = shop.client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    shop.client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": failing.id}})

    held = _swap(
        shop,
        subscription,
        shop.pro,
        proration_behavior="always_invoice",
        payment_behavior="pending_if_incomplete",
    )

    assert held.pending_update is not None and held.status == "active"
    assert held["items"].data[0].price.id == shop.basic.id
    assert isinstance(held.latest_invoice, str)
    shop.client.v1.invoices.pay(held.latest_invoice, {"payment_method": "pm_card_visa"})
    applied = shop.client.v1.subscriptions.retrieve(subscription.id)
    assert applied.pending_update is None
    assert applied["items"].data[0].price.id == shop.pro.id
    assert shop.events("customer.subscription.pending_update_applied")


def test_paused_subscription_can_be_resumed(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)

    paused = shop.client.v1.subscriptions.pause(subscription.id, {"type": "subscription"})
    resumed = shop.client.v1.subscriptions.resume(subscription.id, {"billing_cycle_anchor": {"type": "unchanged"}})

    assert paused.status == "paused"
    assert resumed.status == "active"
    assert {"customer.subscription.paused", "customer.subscription.resumed"} <= {event.type for event in shop.events()}


def test_paused_collection_leaves_the_status(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)

    types = shop.events_during(
        lambda: shop.client.v1.subscriptions.update(subscription.id, {"pause_collection": {"behavior": "void"}})
    )

    after = shop.client.v1.subscriptions.retrieve(subscription.id)
    assert after.status == "active" and after.pause_collection is not None
    assert types == ["customer.subscription.updated"]


def test_classic_subscription_can_go_over_to_flexible(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro, billing_mode={"type": "classic"})
    assert subscription.billing_mode.type == "classic"

    migrated = shop.client.v1.subscriptions.migrate(subscription.id, {"billing_mode": {"type": "flexible"}})

    assert migrated.billing_mode.type == "flexible"


def test_canceled_subscriptions_are_listed_only_on_request(shop: Shop) -> None:
    customer = shop.customer()
    over = shop.subscribe(customer, shop.pro)
    shop.client.v1.subscriptions.cancel(over.id)
    running = shop.subscribe(customer, shop.basic)

    usual = shop.client.v1.subscriptions.list({"customer": customer.id}).data
    every = shop.client.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data
    sold = shop.client.v1.subscriptions.list({"customer": customer.id, "price": shop.basic.id}).data

    assert [each.id for each in usual] == [running.id]
    assert [each.id for each in every] == [running.id, over.id]
    assert [each.id for each in sold] == [running.id]


def test_items_can_be_added_changed_and_removed(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.basic)
    items = shop.client.v1.subscription_items

    added = items.create({"subscription": subscription.id, "price": shop.pro.id, "quantity": 2})
    changed = items.update(added.id, {"quantity": 3})
    items.delete(added.id)

    assert (added.quantity, changed.quantity) == (2, 3)
    assert [each.price.id for each in items.list({"subscription": subscription.id}).data] == [shop.basic.id]
    with pytest.raises(stripe.InvalidRequestError):
        items.delete(subscription["items"].data[0].id)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"customer": "cus_nope"}, "customer"),
        ({"items": [{"price": "price_nope"}]}, "items[0][price]"),
        ({"trial_end": 1}, "trial_end"),
        ({"payment_behavior": "pending_if_incomplete"}, "payment_behavior"),
        ({"discounts": [{"coupon": "nope"}]}, "discounts[0][coupon]"),
        ({"default_payment_method": "pm_nope"}, "default_payment_method"),
    ],
)
def test_wrong_subscription_is_refused_by_parameter(shop: Shop, params: dict[str, Any], param: str) -> None:
    customer = shop.customer()
    whole: Any = {"customer": customer.id, "items": [{"price": shop.pro.id}], **params}

    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.client.v1.subscriptions.create(whole)

    assert raised.value.param == param


def test_missing_subscription_is_reported_on_id(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.client.v1.subscriptions.retrieve("sub_nope")

    assert (raised.value.param, raised.value.code, raised.value.http_status) == (
        "id",
        "resource_missing",
        404,
    )


def test_portal_cancellation_of_a_flexible_subscription_sets_cancel_at_alone(shop: Shop, emulator: Emulator) -> None:
    from stripe_emulator.engine.subscriptions import cancellation

    flexible = shop.subscribe(shop.customer(), shop.pro)
    classic = shop.subscribe(shop.customer(), shop.pro, billing_mode={"type": "classic"})

    with emulator.store.write() as tx:
        for each in (flexible, classic):
            cancellation.cancel_at_period_end(tx, tx.require("subscription", each.id), {"feedback": "unused"})

    after = shop.client.v1.subscriptions.retrieve(flexible.id)
    assert after.cancel_at == after["items"].data[0].current_period_end
    assert after.cancel_at_period_end is False
    assert after.cancellation_details and after.cancellation_details.feedback == "unused"
    assert shop.client.v1.subscriptions.retrieve(classic.id).cancel_at_period_end is True


def _swap(shop: Shop, subscription: stripe.Subscription, price: stripe.Price, **params: Any) -> stripe.Subscription:
    item = subscription["items"].data[0].id
    return shop.client.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "price": price.id}], **params})


@pytest.mark.parametrize(("mode", "amount"), [("graduated", 10 * 1000 + 5 * 800), ("volume", 15 * 800)])
def test_tiers_are_counted_as_their_mode_says(shop: Shop, mode: Any, amount: int) -> None:
    price = shop.client.v1.prices.create(
        {
            "product": str(shop.pro.product),
            "currency": "usd",
            "recurring": {"interval": "month"},
            "billing_scheme": "tiered",
            "tiers_mode": mode,
            "tiers": [{"up_to": 10, "unit_amount": 1000}, {"up_to": "inf", "unit_amount": 800}],
        }
    )

    subscription = shop.client.v1.subscriptions.create(
        {
            "customer": shop.customer().id,
            "items": [{"price": price.id, "quantity": 15}],
            "expand": ["latest_invoice"],
        }
    )

    assert isinstance(subscription.latest_invoice, stripe.Invoice)
    assert subscription.latest_invoice.amount_paid == amount


def test_moved_lookup_key_leaves_the_price_that_subscriptions_and_sessions_show(shop: Shop) -> None:
    old = shop.client.v1.prices.update(shop.price(900, str(shop.basic.product)).id, {"lookup_key": "moving"})
    subscription, session = shop.subscribe(shop.customer(), old), shop.session(old)
    held = shop.client.v1.subscriptions.retrieve(subscription.id)["items"].data[0]

    types = shop.events_during(
        lambda: shop.client.v1.prices.create(
            {
                "product": str(old.product),
                "unit_amount": 1000,
                "currency": "usd",
                "recurring": {"interval": "month"},
                "lookup_key": "moving",
                "transfer_lookup_key": True,
            }
        )
    )

    shown = shop.client.v1.subscriptions.retrieve(subscription.id)["items"].data[0]
    sold = shop.client.v1.checkout.sessions.line_items.list(session.id).data[0]
    assert (held.price.lookup_key, shown.price.lookup_key) == ("moving", None)
    assert sold.price is not None and sold.price.lookup_key is None
    assert types == ["price.updated", "price.created"]


def test_archived_price_and_changed_tax_rate_show_as_they_are_now(shop: Shop) -> None:
    rate = shop.client.v1.tax_rates.create({"display_name": "VAT", "percentage": 20, "inclusive": True})
    price = shop.price(900, str(shop.basic.product))
    subscription = shop.subscribe(shop.customer(), price, default_tax_rates=[rate.id])

    shop.client.v1.prices.update(price.id, {"active": False, "nickname": "Old"})
    shop.client.v1.tax_rates.update(rate.id, {"display_name": "MwSt"})

    shown = shop.client.v1.subscriptions.retrieve(subscription.id)
    item = shown["items"].data[0]
    assert (item.price.active, item.price.nickname, item.plan.active) == (False, "Old", False)
    assert shown.default_tax_rates and shown.default_tax_rates[0].display_name == "MwSt"


@pytest.mark.parametrize(
    ("params", "pending"), [({}, 0), ({"prorate": True}, 3), ({"invoice_now": True}, 0), ({"prorate": False}, 0)]
)
def test_prorations_still_to_be_billed_are_dropped_with_a_plain_cancellation(
    shop: Shop, params: Any, pending: int
) -> None:
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.pro)
    item = subscription["items"].data[0].id
    shop.client.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "price": shop.basic.id}]})
    shop.client.v1.invoice_items.create({"customer": customer.id, "amount": 500, "currency": "usd"})

    shop.client.v1.subscriptions.cancel(subscription.id, params)

    left = shop.client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data
    assert sum(one.proration for one in left) == pending
    assert params.get("invoice_now") or len(left) == pending + 1


@pytest.mark.parametrize(
    ("config", "anchor"),
    [
        ({"day_of_month": 15}, (2026, 2, 15, 12, 30)),
        ({"day_of_month": 31, "hour": 0, "minute": 0, "second": 0}, (2026, 1, 31, 0, 0)),
        ({"day_of_month": 31, "month": 4}, (2026, 4, 30, 12, 30)),
        ({"day_of_month": 1, "month": 1}, (2027, 1, 1, 12, 30)),
    ],
)
def test_billing_cycle_is_anchored_to_a_day(shop: Shop, config: Any, anchor: tuple[int, ...]) -> None:
    clock = shop.clock(int(datetime(2026, 1, 20, 12, 30, tzinfo=UTC).timestamp()))

    subscription = shop.subscribe(shop.customer(clock=clock.id), shop.basic, billing_cycle_anchor_config=config)

    assert subscription.billing_cycle_anchor == int(datetime(*anchor, tzinfo=UTC).timestamp())  # type: ignore[misc, arg-type]


def test_currency_has_to_be_the_prices(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.subscribe(shop.customer(), shop.basic, currency="eur")

    assert raised.value.param == "currency"


def test_what_is_added_once_is_billed_with_the_next_invoice(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.basic)

    shop.client.v1.subscriptions.update(subscription.id, {"add_invoice_items": [{"price": shop.lifetime.id}]})

    upcoming = shop.client.v1.invoices.create_preview({"subscription": subscription.id})
    assert sorted(line.amount for line in upcoming.lines.data) == [900, 19900]


def test_item_is_taken_off_with_its_credit(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.basic)
    update = shop.client.v1.subscriptions.update
    both = update(subscription.id, {"items": [{"price": shop.pro.id}], "proration_behavior": "none"})
    first, second = (item.id for item in both["items"].data)
    removal: Any = [{"id": second, "deleted": True}]

    preview = shop.client.v1.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": {"items": removal}}
    )
    left = update(subscription.id, {"items": removal})

    assert [item.id for item in left["items"].data] == [first]
    assert preview.lines.data[0].amount < 0


def test_last_item_is_not_taken_off(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.basic)
    item = subscription["items"].data[0].id

    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.client.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "deleted": True}]})

    assert raised.value.param == "items"


def test_quantity_is_never_negative(shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer(), shop.basic)
    item = subscription["items"].data[0].id

    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.client.v1.subscriptions.update(subscription.id, {"items": [{"id": item, "quantity": -1}]})

    assert raised.value.param == "items[0][quantity]"


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"cancel_at": 5}, "cancel_at"),
        ({"collection_method": "send_invoice", "days_until_due": -1}, "days_until_due"),
    ],
)
def test_subscription_is_not_made_over_or_overdue(shop: Shop, params: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.subscribe(shop.customer(), shop.basic, **params)

    assert raised.value.param == param


@pytest.mark.parametrize("ending", [{"cancel_at_period_end": True}, {"cancel_at": "max_period_end"}])
def test_cancellation_at_once_takes_the_planned_end_away(shop: Shop, ending: dict[str, Any]) -> None:
    subscription = shop.subscribe(shop.customer(), shop.pro)
    shop.client.v1.subscriptions.update(subscription.id, ending)  # type: ignore[arg-type]

    ended = shop.client.v1.subscriptions.cancel(subscription.id)

    assert (ended.status, ended.cancel_at, ended.cancel_at_period_end) == ("canceled", None, False)
    told = shop.events("customer.subscription.deleted")[0].data.object
    assert (told["cancel_at"], told["cancel_at_period_end"]) == (None, False)


def test_detached_card_is_no_subscriptions_default_any_more(shop: Shop) -> None:
    customer = shop.customer()
    card = shop.client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    subscription = shop.subscribe(customer, shop.pro, default_payment_method=card.id)

    shop.client.v1.payment_methods.detach(card.id)

    assert shop.client.v1.subscriptions.retrieve(subscription.id).default_payment_method is None


def test_removed_card_is_not_saved_again_by_the_3d_secure_page_that_was_still_open(
    shop: Shop, emulator: Emulator
) -> None:
    customer = shop.customer(card=None)
    card = shop.client.v1.payment_methods.attach("pm_card_authenticationRequired", {"customer": customer.id})
    subscription = shop.subscribe(customer, shop.pro, default_payment_method=card.id)
    assert subscription.status == "incomplete"
    [payment] = shop.client.v1.invoice_payments.list({"invoice": str(subscription.latest_invoice)}).data
    shop.client.v1.payment_methods.detach(card.id)

    emulator.confirm_3d_secure(str(payment.payment.payment_intent))

    assert shop.client.v1.customers.payment_methods.list(customer.id).data == []
    assert shop.client.v1.subscriptions.retrieve(subscription.id).status == "incomplete"


def test_trial_ended_early_by_a_change_that_cannot_be_paid_stays_as_it_was(shop: Shop) -> None:
    customer = shop.customer("pm_card_chargeCustomerFail")
    subscription = shop.subscribe(customer, shop.basic, trial_period_days=14)
    item = subscription["items"].data[0]

    with pytest.raises(stripe.CardError):
        shop.client.v1.subscriptions.update(
            subscription.id,
            {
                "items": [{"id": item.id, "price": shop.pro.id}],
                "trial_end": "now",
                "payment_behavior": "error_if_incomplete",
            },
        )

    kept = shop.client.v1.subscriptions.retrieve(subscription.id)
    assert (kept.status, kept["items"].data[0].price.id) == ("trialing", shop.basic.id)
