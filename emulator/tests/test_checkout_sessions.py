"""Checkout Sessions: created, refused, paid, declined, expired."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import stripe

from stripe_emulator import Emulator
from tests.shop import CANCEL_URL, SUCCESS_URL, Shop


@pytest.fixture
def shop(client: stripe.StripeClient, emulator: Emulator) -> Shop:
    """Return a shop on the session's emulator."""
    return Shop(client, emulator.url, emulator.secret_key)


def test_new_session_is_open_and_has_made_nothing_else(shop: Shop) -> None:
    session = shop.session(shop.pro, client_reference_id="order_1", metadata={"orderId": "order_1"})

    assert session.status == "open"
    assert session.payment_status == "unpaid"
    assert session.url and session.url.startswith(shop.url)
    assert session.subscription is None and session.invoice is None and session.payment_intent is None
    assert (session.amount_subtotal, session.amount_total) == (2900, 2900)
    assert session.client_reference_id == "order_1"
    assert session.metadata.to_dict() == {"orderId": "order_1"}


def test_paid_session_makes_an_active_subscription_with_a_paid_invoice(shop: Shop) -> None:
    customer = shop.customer(card=None)
    session = shop.session(shop.pro, customer=customer.id, subscription_data={"metadata": {"userId": "7"}})

    answer = shop.confirm(session, expected_amount=2900)

    assert answer.status_code == 200
    done = shop.reload(session, expand=["subscription", "invoice", "line_items"])
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert isinstance(done.subscription, stripe.Subscription)
    assert done.subscription.status == "active"
    assert done.subscription.metadata.to_dict() == {"userId": "7"}
    assert done.subscription.billing_mode.type == "flexible"
    assert done.subscription.default_payment_method is not None
    assert done.payment_intent is None
    assert isinstance(done.invoice, stripe.Invoice)
    assert (done.invoice.status, done.invoice.amount_paid) == ("paid", 2900)
    assert done.invoice.billing_reason == "subscription_create"
    line = done.invoice.lines.data[0]
    assert line.pricing.price_details.price == shop.pro.id
    assert line.parent.subscription_item_details.subscription == done.subscription.id
    assert done.invoice.parent.subscription_details.metadata.to_dict() == {"userId": "7"}
    assert done.line_items.data[0].price.id == shop.pro.id


def test_paid_session_tells_its_events_in_stripes_order(shop: Shop) -> None:
    session = shop.session(shop.pro)

    types = shop.events_during(lambda: shop.confirm(session))

    expected = [
        "customer.created",
        "payment_intent.created",
        "payment_method.attached",
        "charge.succeeded",
        "payment_intent.succeeded",
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "checkout.session.completed",
    ]
    assert [each for each in types if each in expected] == expected


def test_declined_card_leaves_nothing_but_the_failed_charge(shop: Shop) -> None:
    session = shop.session(shop.pro)

    types = shop.events_during(lambda: _assert_declined(shop, session))

    assert types == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
    ]
    after = shop.reload(session)
    assert (after.status, after.payment_status) == ("open", "unpaid")
    assert after.customer is None and after.subscription is None and after.invoice is None


def _assert_declined(shop: Shop, session: stripe.checkout.Session) -> None:
    answer = shop.confirm(session, "pm_card_visa_chargeDeclined")
    assert answer.status_code == 402
    error = answer.json()["error"]
    assert (error["type"], error["code"], error["decline_code"]) == (
        "card_error",
        "card_declined",
        "generic_decline",
    )
    assert error["message"] == "Your card was declined."


def test_declined_customer_can_pay_with_another_card(shop: Shop) -> None:
    session = shop.session(shop.pro)
    shop.confirm(session, "pm_card_visa_chargeDeclined")

    answer = shop.confirm(session)

    assert answer.status_code == 200
    assert shop.reload(session).payment_status == "paid"


def test_paying_twice_pays_once(shop: Shop) -> None:
    session = shop.session(shop.pro)
    shop.confirm(session)
    first = shop.reload(session)

    types = shop.events_during(lambda: shop.confirm(session))

    assert types == []
    assert shop.reload(session).subscription == first.subscription


def test_payment_mode_copies_metadata_to_the_payment_intent(shop: Shop) -> None:
    session = shop.session(shop.lifetime, payment_intent_data={"metadata": {"userId": "7"}}, customer_creation="always")

    shop.confirm(session, expected_amount=19900)

    done = shop.reload(session, expand=["payment_intent.latest_charge"])
    assert done.payment_status == "paid"
    assert done.customer is not None and done.subscription is None and done.invoice is None
    assert isinstance(done.payment_intent, stripe.PaymentIntent)
    assert done.payment_intent.metadata.to_dict() == {"userId": "7"}
    assert isinstance(done.payment_intent.latest_charge, stripe.Charge)
    assert done.payment_intent.latest_charge.metadata.to_dict() == {"userId": "7"}


def test_unexpected_amount_is_refused_and_charges_nothing(shop: Shop) -> None:
    session = shop.session(shop.pro)

    types = shop.events_during(lambda: shop.confirm(session, expected_amount=1))

    assert types == []
    assert shop.reload(session).status == "open"


def test_trial_session_is_complete_with_nothing_paid(shop: Shop) -> None:
    session = shop.session(shop.pro, subscription_data={"trial_period_days": 14})
    assert session.amount_total == 0

    types = shop.events_during(lambda: shop.confirm(session, expected_amount=0))

    done = shop.reload(session, expand=["subscription", "invoice"])
    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert isinstance(done.subscription, stripe.Subscription) and isinstance(done.invoice, stripe.Invoice)
    assert done.subscription.status == "trialing"
    assert done.subscription.trial_end == done.subscription["items"].data[0].current_period_end
    assert (done.invoice.amount_due, done.invoice.status) == (0, "paid")
    assert "setup_intent.succeeded" in types and "charge.succeeded" not in types


def test_promotion_code_takes_its_share_off(shop: Shop) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 50, "duration": "forever"})
    code = shop.client.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": f"HALF{time.time_ns()}"}
    )
    session = shop.session(shop.pro, allow_promotion_codes=True)

    shop.confirm(session, promotion_code=code.code, expected_amount=1450)

    done = shop.reload(session, expand=["subscription.discounts", "invoice"])
    assert (done.amount_subtotal, done.amount_total) == (2900, 1450)
    assert done.total_details and done.total_details.amount_discount == 1450
    assert isinstance(done.subscription, stripe.Subscription) and isinstance(done.invoice, stripe.Invoice)
    assert done.invoice.amount_paid == 1450
    discount = done.subscription.discounts[0]
    assert isinstance(discount, stripe.Discount)
    assert discount.source.coupon == coupon.id and discount.promotion_code == code.id


def test_wholly_discounted_session_needs_no_payment(shop: Shop) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 100, "duration": "once"})
    session = shop.session(shop.lifetime, discounts=[{"coupon": coupon.id}])

    shop.confirm(session, expected_amount=0)

    done = shop.reload(session)
    assert (done.status, done.payment_status, done.payment_intent) == (
        "complete",
        "no_payment_required",
        None,
    )


def test_no_cost_order_keeps_no_card(shop: Shop) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 100, "duration": "once"})
    customer = shop.client.v1.customers.create({})
    session = shop.session(shop.lifetime, discounts=[{"coupon": coupon.id}], customer=customer.id)

    shop.confirm(session, expected_amount=0)

    done = shop.reload(session)
    assert (done.status, done.payment_intent, done.setup_intent) == ("complete", None, None)
    assert shop.client.v1.customers.payment_methods.list(customer.id).data == []


def test_expired_session_cannot_be_paid(shop: Shop) -> None:
    session = shop.session(shop.pro)

    types = shop.events_during(lambda: shop.client.v1.checkout.sessions.expire(session.id))

    assert types == ["checkout.session.expired"]
    assert shop.confirm(session).status_code == 400
    after = shop.reload(session)
    assert (after.status, after.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError, match="Only Checkout Sessions with a status"):
        shop.client.v1.checkout.sessions.expire(session.id)


def test_session_expires_by_itself_after_a_day(fresh_emulator: Emulator) -> None:
    shop = Shop(_client(fresh_emulator), fresh_emulator.url, fresh_emulator.secret_key)
    session = shop.session(shop.pro)

    fresh_emulator.advance(hours=25)

    assert shop.reload(session).status == "expired"
    assert shop.events("checkout.session.expired")


def test_authentication_completes_the_session(shop: Shop, emulator: Emulator) -> None:
    session = shop.session(shop.pro)

    answer = shop.confirm(session, "pm_card_threeDSecure2Required")

    intent = answer.json()["payment_intent"]
    assert intent["status"] == "requires_action"
    assert shop.reload(session).status == "open"
    _authenticate(emulator, intent["id"])
    done = shop.reload(session, expand=["subscription"])
    assert (done.status, done.payment_status) == ("complete", "paid")
    assert isinstance(done.subscription, stripe.Subscription) and done.subscription.status == "active"


def _authenticate(emulator: Emulator, intent_id: str) -> None:
    from stripe_emulator.engine.payments.authentication import complete_authentication

    with emulator.store.write() as tx:
        complete_authentication(tx, tx.require("payment_intent", intent_id))


def test_customer_on_a_test_clock_can_check_out(shop: Shop) -> None:
    clock = shop.clock(1_700_000_000)
    customer = shop.customer(card=None, clock=clock.id)
    session = shop.session(shop.pro, customer=customer.id)

    shop.confirm(session, expected_amount=2900)

    done = shop.reload(session, expand=["subscription"])
    assert isinstance(done.subscription, stripe.Subscription)
    assert done.subscription.start_date == 1_700_000_000
    assert done.subscription.test_clock == clock.id


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"mode": "payment"}, "line_items"),
        ({"line_items": []}, "line_items"),
        ({"line_items": [{"price": "price_nope", "quantity": 1}]}, "line_items[0][price]"),
        ({"success_url": "nonsense"}, "success_url"),
        ({"customer": "cus_nope"}, "customer"),
        ({"customer": "cus_nope", "customer_email": "a@example.com"}, "customer"),
        ({"customer_update": {"name": "auto"}}, "customer_update"),
        ({"payment_intent_data": {"metadata": {"a": "b"}}}, "payment_intent_data"),
        ({"customer_creation": "always"}, "customer_creation"),
        ({"expires_at": 1}, "expires_at"),
        ({"allow_promotion_codes": True, "discounts": [{"coupon": "x"}]}, "discounts"),
        ({"discounts": [{"coupon": "nope"}]}, "discounts[0][coupon]"),
        ({"ui_mode": "hosted"}, "ui_mode"),
        ({"currency": "eur"}, "currency"),
        ({"payment_method_types": ["card"]}, "payment_method_types"),
    ],
)
def test_wrong_session_is_refused_by_parameter(shop: Shop, params: dict[str, Any], param: str) -> None:
    whole: Any = {
        "mode": "subscription",
        "success_url": SUCCESS_URL,
        "cancel_url": CANCEL_URL,
        "line_items": [{"price": shop.pro.id, "quantity": 1}],
        **params,
    }

    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.client.v1.checkout.sessions.create(whole)

    assert raised.value.param == param


def _client(emulator: Emulator) -> stripe.StripeClient:
    return stripe.StripeClient(emulator.secret_key, base_addresses={"api": emulator.url})


def test_trial_that_asks_for_no_card_needs_none(shop: Shop) -> None:
    session = shop.session(
        shop.pro, subscription_data={"trial_period_days": 7}, payment_method_collection="if_required"
    )

    answer = requests.post(
        f"{shop.url}/v1/payment_pages/{session.id}/confirm", headers=shop.auth, data={"expected_amount": 0}, timeout=10
    )

    assert answer.status_code == 200
    done = shop.reload(session, expand=["subscription"])
    assert isinstance(done.subscription, stripe.Subscription)
    assert (done.subscription.status, done.subscription.default_payment_method) == ("trialing", None)


def test_card_is_needed_where_something_is_due(shop: Shop) -> None:
    session = shop.session(shop.pro)

    answer = requests.post(f"{shop.url}/v1/payment_pages/{session.id}/confirm", headers=shop.auth, timeout=10)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "payment_method"


def test_setup_mode_saves_a_card_and_takes_nothing(shop: Shop) -> None:
    customer = shop.customer(card=None)
    session = shop.client.v1.checkout.sessions.create(
        {"mode": "setup", "currency": "usd", "customer": customer.id, "success_url": SUCCESS_URL}
    )

    shop.confirm(session)

    done = shop.reload(session, expand=["setup_intent"])
    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert isinstance(done.setup_intent, stripe.SetupIntent) and done.setup_intent.status == "succeeded"
    assert len(shop.client.v1.payment_methods.list({"customer": customer.id}).data) == 1


def test_one_time_purchase_can_have_an_invoice(shop: Shop) -> None:
    coupon = shop.client.v1.coupons.create({"amount_off": 5000, "currency": "usd", "duration": "once"})
    session = shop.session(
        shop.lifetime,
        invoice_creation={"enabled": True},
        discounts=[{"coupon": coupon.id}],
        customer=shop.customer().id,
    )

    shop.confirm(session, expected_amount=14900)

    invoice = shop.reload(session, expand=["invoice"]).invoice
    assert isinstance(invoice, stripe.Invoice)
    assert (invoice.status, invoice.subtotal, invoice.amount_paid) == ("paid", 19900, 14900)
    assert shop.client.v1.coupons.retrieve(coupon.id).times_redeemed == 1


def test_sessions_pressed_at_once_pay_once(shop: Shop) -> None:
    session = shop.session(shop.pro, customer=shop.customer(card=None).id)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shop.confirm(session), range(8)))

    assert {answer.status_code for answer in answers} == {200}
    done = shop.reload(session)
    assert len(shop.client.v1.charges.list({"customer": str(done.customer)}).data) == 1
    assert len(shop.client.v1.subscriptions.list({"customer": str(done.customer)}).data) == 1


def test_first_time_code_is_refused_to_a_returning_customer(shop: Shop) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 50, "duration": "once"})
    code = shop.client.v1.promotion_codes.create(
        {
            "promotion": {"type": "coupon", "coupon": coupon.id},
            "code": f"FIRST{time.time_ns()}",
            "restrictions": {"first_time_transaction": True},
        }
    )
    customer = shop.customer()
    shop.subscribe(customer, shop.basic)
    session = shop.session(shop.pro, customer=customer.id, allow_promotion_codes=True)

    answer = shop.confirm(session, promotion_code=code.code)

    assert answer.status_code == 400
    assert "prior transactions" in answer.json()["error"]["message"]


def test_sold_price_stays_sold_when_it_is_archived(shop: Shop) -> None:
    session = shop.session(shop.pro)
    shop.client.v1.prices.update(shop.pro.id, {"active": False})

    assert shop.confirm(session).status_code == 200
    with pytest.raises(stripe.InvalidRequestError, match="inactive"):
        shop.session(shop.pro)


def test_code_applied_after_a_decline_lowers_what_is_charged(shop: Shop) -> None:
    coupon = shop.client.v1.coupons.create({"percent_off": 50, "duration": "once"})
    code = shop.client.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": f"LATE{time.time_ns()}"}
    )
    session = shop.session(shop.pro, allow_promotion_codes=True)
    shop.confirm(session, "pm_card_visa_chargeDeclined")

    shop.confirm(session, promotion_code=code.code)

    done = shop.reload(session)
    charges = shop.client.v1.charges.list({"customer": str(done.customer)}).data
    assert [(charge.amount, charge.status) for charge in charges] == [(1450, "succeeded")]


def test_authorized_purchase_is_not_paid_yet(shop: Shop) -> None:
    session = shop.session(shop.lifetime, payment_intent_data={"capture_method": "manual"})

    shop.confirm(session)

    done = shop.reload(session, expand=["payment_intent"])
    assert isinstance(done.payment_intent, stripe.PaymentIntent)
    assert (done.payment_status, done.payment_intent.status) == ("unpaid", "requires_capture")
