"""Payments: intents, charges, refunds and what they leave in the balance; debits that settle later."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from stripe_emulator import Emulator
from tests.shop import Shop

GOOD_IBAN, BAD_IBAN = "AT611904300234573201", "IT60X0542811101000000123456"


@pytest.fixture
def shop(client: stripe.StripeClient, emulator: Emulator) -> Shop:
    """Return a shop on the session's emulator."""
    return Shop(client, emulator.url, emulator.secret_key)


def pay(shop: Shop, card: str = "pm_card_visa", amount: int = 2000, **params: Any) -> stripe.PaymentIntent:
    return shop.client.v1.payment_intents.create(
        {"amount": amount, "currency": "usd", "payment_method": card, "confirm": True, **params}
    )


def eventually(check: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_confirmed_payment_has_a_charge_and_a_balance_transaction(shop: Shop) -> None:
    intent = pay(shop, expand=["latest_charge.balance_transaction"])

    assert (intent.status, intent.amount_received) == ("succeeded", 2000)
    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert charge.paid and charge.captured and not charge.refunded
    transaction = charge.balance_transaction
    assert isinstance(transaction, stripe.BalanceTransaction)
    assert (transaction.amount, transaction.fee, transaction.net) == (2000, 88, 1912)


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
        ("pm_card_radarBlock", "card_declined", "fraudulent"),
    ],
)
def test_declining_card_is_refused_with_its_code(shop: Shop, card: str, code: str, decline_code: str) -> None:
    with pytest.raises(stripe.CardError) as raised:
        pay(shop, card)

    error = raised.value
    assert error.http_status == 402 and error.code == code
    assert error.error is not None and error.error.decline_code == decline_code
    intent = error.error.payment_intent
    assert intent is not None
    kept = shop.client.v1.payment_intents.retrieve(intent.id)
    assert kept.status == "requires_payment_method"
    assert kept.last_payment_error is not None and kept.last_payment_error.charge == kept.latest_charge


def test_card_that_needs_authentication_waits_for_it(shop: Shop, emulator: Emulator) -> None:
    from stripe_emulator.engine.payments.authentication import complete_authentication

    intent = pay(shop, "pm_card_authenticationRequired", return_url="https://shop.example/done")
    assert intent.status == "requires_action"
    assert intent.next_action and intent.next_action.redirect_to_url
    assert str(intent.next_action.redirect_to_url.url).startswith(emulator.url)

    with emulator.store.write() as tx:
        complete_authentication(tx, tx.require("payment_intent", intent.id))

    assert shop.client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_off_session_authentication_is_a_decline(shop: Shop) -> None:
    with pytest.raises(stripe.CardError) as raised:
        pay(shop, "pm_card_authenticationRequired", off_session=True)

    assert raised.value.code == "authentication_required"


def test_authorized_amount_can_be_captured_in_part(shop: Shop) -> None:
    intent = pay(shop, capture_method="manual")
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 2000)

    captured = shop.client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1500})

    assert (captured.status, captured.amount_received) == ("succeeded", 1500)


def test_paid_intent_cannot_be_confirmed_or_canceled_again(shop: Shop) -> None:
    intent = pay(shop)

    for action in (shop.client.v1.payment_intents.confirm, shop.client.v1.payment_intents.cancel):
        with pytest.raises(stripe.InvalidRequestError) as raised:
            action(intent.id)
        assert raised.value.code == "payment_intent_unexpected_state"


def test_missing_intent_is_reported_on_intent(shop: Shop) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.client.v1.payment_intents.retrieve("pi_nope")

    assert raised.value.param == "intent"


def test_refund_in_two_parts_is_whole_only_after_the_second(shop: Shop) -> None:
    intent = pay(shop)
    refunds = shop.client.v1.refunds

    types = shop.events_during(lambda: refunds.create({"payment_intent": intent.id, "amount": 500}))
    partly = shop.client.v1.charges.retrieve(str(intent.latest_charge))
    refunds.create({"charge": str(intent.latest_charge), "reason": "requested_by_customer"})
    wholly = shop.client.v1.charges.retrieve(str(intent.latest_charge), {"expand": ["refunds"]})

    assert [each for each in types if each in ("refund.created", "charge.refunded", "refund.updated")] == [
        "refund.created",
        "charge.refunded",
        "refund.updated",
    ]
    assert (partly.amount_refunded, partly.refunded) == (500, False)
    assert (wholly.amount_refunded, wholly.refunded) == (2000, True)
    assert wholly.refunds is not None and len(wholly.refunds.data) == 2
    with pytest.raises(stripe.InvalidRequestError) as raised:
        refunds.create({"payment_intent": intent.id})
    assert raised.value.code == "charge_already_refunded"


def test_refund_of_more_than_was_paid_is_refused(shop: Shop) -> None:
    intent = pay(shop)

    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        shop.client.v1.refunds.create({"payment_intent": intent.id, "amount": 2001})


def test_failed_refund_is_told_by_all_its_events_and_the_charge_has_the_money_again(
    shop: Shop, emulator: Emulator
) -> None:
    intent = pay(shop, "pm_card_refundFail")
    charge = str(intent.latest_charge)
    refund = shop.client.v1.refunds.create({"charge": charge, "amount": 1500})
    assert refund.status == "succeeded"
    assert shop.client.v1.charges.retrieve(charge).amount_refunded == 1500

    told = shop.events_during(lambda: eventually(lambda: _refund_status(shop, refund) == "failed", 14))

    assert told == ["refund.updated", "refund.failed", "charge.refund.updated"]
    failed = shop.events("refund.failed")[0].data.object
    assert failed["failure_balance_transaction"] and failed["failure_reason"] == "expired_or_canceled_card"
    assert shop.client.v1.charges.retrieve(charge).amount_refunded == 0


def test_failed_rest_of_a_refund_leaves_what_was_refunded_before(shop: Shop, emulator: Emulator) -> None:
    intent = pay(shop, "pm_card_refundFail")
    charge = str(intent.latest_charge)
    first = shop.client.v1.refunds.create({"charge": charge, "amount": 500})
    emulator.overwrite({**emulator.get("refund", first.id), "status": "canceled"})
    shop.client.v1.refunds.create({"charge": charge})
    assert shop.client.v1.charges.retrieve(charge).refunded

    assert eventually(lambda: shop.client.v1.charges.retrieve(charge).amount_refunded == 500, 14)
    assert not shop.client.v1.charges.retrieve(charge).refunded


def test_canceled_refund_gives_the_charge_its_money_back_and_says_so(shop: Shop) -> None:
    intent = pay(shop, "pm_card_pendingRefund")
    charge = str(intent.latest_charge)
    refund = shop.client.v1.refunds.create({"charge": charge})
    assert refund.status == "pending"

    told = shop.events_during(lambda: shop.client.v1.refunds.cancel(refund.id))

    assert told == ["refund.updated", "charge.refund.updated"]
    assert shop.client.v1.refunds.retrieve(refund.id).failure_balance_transaction
    kept = shop.client.v1.charges.retrieve(charge)
    assert (kept.amount_refunded, kept.refunded) == (0, False)


def _refund_status(shop: Shop, refund: stripe.Refund) -> str | None:
    return shop.client.v1.refunds.retrieve(refund.id).status


@pytest.mark.parametrize(("iban", "event"), [(GOOD_IBAN, "succeeded"), (BAD_IBAN, "failed")])
def test_debit_settles_after_the_session_completed(shop: Shop, iban: str, event: str) -> None:
    product = shop.client.v1.products.create({"name": "Poster"})
    price = shop.client.v1.prices.create({"product": product.id, "unit_amount": 1500, "currency": "eur"})
    method = shop.client.v1.payment_methods.create(
        {
            "type": "sepa_debit",
            "sepa_debit": {"iban": iban},
            "billing_details": {"name": "A", "email": "a@example.com"},
        }
    )
    session = shop.session(price, allowed_payment_method_types=["sepa_debit"])

    assert shop.confirm(session, method.id, expected_amount=1500).status_code == 200

    done = shop.reload(session)
    assert (done.status, done.payment_status) == ("complete", "unpaid")
    assert eventually(lambda: _told(shop, f"checkout.session.async_payment_{event}", session.id), 14)
    assert shop.reload(session).payment_status == ("paid" if event == "succeeded" else "unpaid")


def test_subscription_runs_while_its_debit_is_on_its_way(shop: Shop) -> None:
    product = shop.client.v1.products.create({"name": "Pro"})
    price = shop.price(1500, product.id, currency="eur")
    method = shop.client.v1.payment_methods.create(
        {
            "type": "sepa_debit",
            "sepa_debit": {"iban": GOOD_IBAN},
            "billing_details": {"name": "A", "email": "a@example.com"},
        }
    )
    session = shop.session(price)

    shop.confirm(session, method.id)

    done = shop.reload(session, expand=["subscription", "invoice"])
    assert done.payment_status == "unpaid"
    assert isinstance(done.subscription, stripe.Subscription) and done.subscription.status == "active"
    assert isinstance(done.invoice, stripe.Invoice) and done.invoice.status == "open"
    assert eventually(lambda: shop.reload(session).payment_status == "paid", 14)
    assert shop.client.v1.invoices.retrieve(done.invoice.id).status == "paid"


def test_setup_intent_saves_a_card_for_later(shop: Shop) -> None:
    customer = shop.customer(card=None)

    intent = shop.client.v1.setup_intents.create(
        {
            "customer": customer.id,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "return_url": "https://shop.example",
        }
    )

    assert intent.status == "succeeded"
    methods = shop.client.v1.payment_methods.list({"customer": customer.id})
    assert [each.id for each in methods.data] == [intent.payment_method]


def test_zero_decimal_currency_is_charged_in_whole_units(shop: Shop) -> None:
    product = shop.client.v1.products.create({"name": "Pro"})
    price = shop.price(500, product.id, currency="jpy")
    subscription = shop.subscribe(shop.customer(), price, expand=["latest_invoice"])

    invoice = subscription.latest_invoice
    assert isinstance(invoice, stripe.Invoice)
    assert (invoice.currency, invoice.amount_paid) == ("jpy", 500)
    assert invoice.lines.data[0].description == "1 × Pro (at ¥500 / month)"


def _told(shop: Shop, type: str, id: str) -> bool:
    return any(event.data.object["id"] == id for event in shop.events(type))


def test_paid_intent_keeps_its_amount(shop: Shop) -> None:
    intent = pay(shop)

    described = shop.client.v1.payment_intents.update(intent.id, {"description": "Poster"})

    assert described.description == "Poster"
    with pytest.raises(stripe.InvalidRequestError) as raised:
        shop.client.v1.payment_intents.update(intent.id, {"amount": 100})
    assert raised.value.code == "payment_intent_unexpected_state"


def test_card_authenticated_once_can_be_charged_later_without_its_owner(shop: Shop, emulator: Emulator) -> None:
    from stripe_emulator.engine.payments.authentication import complete_authentication

    clock = shop.clock(1_700_000_000)
    session = shop.session(shop.pro, customer=shop.customer(card=None, clock=clock.id).id)
    waiting = shop.confirm(session, "pm_card_authenticationRequiredOnSetup").json()["payment_intent"]
    with emulator.store.write() as tx:
        complete_authentication(tx, tx.require("payment_intent", waiting["id"]))
    subscription = shop.reload(session, expand=["subscription"]).subscription
    assert isinstance(subscription, stripe.Subscription)

    shop.advance(clock, subscription["items"].data[0].current_period_end + 7200)

    renewed = shop.client.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    assert isinstance(renewed.latest_invoice, stripe.Invoice)
    assert (renewed.status, renewed.latest_invoice.status) == ("active", "paid")
    assert renewed.latest_invoice.billing_reason == "subscription_cycle"


def test_failed_authentication_leaves_the_session_open(shop: Shop, emulator: Emulator) -> None:
    from stripe_emulator.engine.payments.authentication import fail_authentication

    session = shop.session(shop.pro)
    waiting = shop.confirm(session, "pm_card_authenticationRequired").json()["payment_intent"]
    with emulator.store.write() as tx:
        fail_authentication(tx, tx.require("payment_intent", waiting["id"]))

    assert shop.reload(session).status == "open"
    assert shop.confirm(session).status_code == 200
    assert shop.reload(session).status == "complete"
