"""Alice buys: from the pricing page over Checkout to a role, because a signed webhook said so."""

import pytest
import stripe as sdk
from flask import Flask
from stripe_emulator import Emulator

from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.database import db
from tests.mail.mailbox import mails
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in


def test_alice_buys_pro_and_is_pro_a_moment_later(
    site: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    session_id = session_id_in(alice.buy("pro").location)

    at_stripe.pay(session_id)
    emulator.wait_until_idle()

    assert alice.role == "pro"
    assert alice.get("/dashboard/pro").status_code == 200
    with app.app_context():
        order = db.session.scalars(db.select(Order)).one()
        subscription = db.session.scalars(db.select(Subscription)).one()
        payment = db.session.scalars(db.select(Payment)).one()
    assert (order.state, order.plan_key, order.amount) == ("fulfilled", "pro", 2900)
    assert (subscription.status, subscription.lookup_key) == ("active", "shop_pro_month")
    assert (payment.status, payment.amount, payment.currency) == ("paid", 2900, "usd")


def test_alice_is_pro_on_the_success_page_even_when_no_webhook_ever_comes(
    app: Flask, catalogue: None, alice: Person, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)

    page = alice.get(f"/checkout/success?session_id={session_id}")

    assert page.status_code == 200
    assert "Visa ending in 4242" in page.text
    assert alice.role == "pro"


def test_alices_card_is_declined_and_she_pays_with_another(
    site: str, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    session_id = session_id_in(alice.buy("basic", "year").location)

    with pytest.raises(sdk.CardError):
        at_stripe.pay(session_id, "tok_chargeDeclined")
    emulator.wait_until_idle()
    role_after_decline = alice.role
    at_stripe.pay(session_id)
    emulator.wait_until_idle()

    assert (role_after_decline, alice.role) == ("free", "basic")


def test_alice_buys_lifetime_and_keeps_pro_without_end(
    site: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    session_id = session_id_in(alice.buy("lifetime").location)

    at_stripe.pay(session_id)
    emulator.wait_until_idle()

    assert alice.role == "pro"
    with app.app_context():
        payment = db.session.scalars(db.select(Payment)).one()
        order = db.session.scalars(db.select(Order)).one()
    assert (payment.amount, payment.order_id, order.state) == (19900, order.id, "fulfilled")
    assert alice.buy("pro").location.endswith("/account")


def test_alice_pays_by_debit_and_waits_until_the_money_has_come(
    site: str, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    session_id = session_id_in(alice.buy("lifetime").location)

    at_stripe.pay_by_debit(session_id)
    emulator.wait_until_idle()
    page = alice.get(f"/checkout/success?session_id={session_id}")
    role_while_waiting = alice.role
    second_press = alice.buy("lifetime").location
    emulator.advance(seconds=60)
    emulator.wait_until_idle()

    assert "Confirming" in page.text
    assert session_id in second_press
    assert (role_while_waiting, alice.role) == ("free", "pro")


def test_alices_debit_fails_and_she_may_buy_again(
    site: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    session_id = session_id_in(alice.buy("lifetime").location)

    at_stripe.pay_by_debit(session_id, "IT60X0542811101000000123456")
    emulator.advance(seconds=60)
    emulator.wait_until_idle()
    again = session_id_in(alice.buy("lifetime").location)

    assert alice.role == "free"
    assert again != session_id
    assert mails(app).count(("order_failed", alice.email)) == 1
    with app.app_context():
        states = db.session.scalars(db.select(Order.state).order_by(Order.created_at)).all()
    assert states == ["failed", "pending"]


def test_no_event_of_a_purchase_fails(
    site: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    emulator.wait_until_idle()

    with app.app_context():
        outcomes = set(db.session.scalars(db.select(StripeEvent.outcome)))
    assert "failed" not in outcomes
