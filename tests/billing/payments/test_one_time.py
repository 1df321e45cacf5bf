"""Lifetime's invoice: one payment with number and links, whichever of its events comes first."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from stripe_emulator import Emulator
from werkzeug.test import TestResponse

from app.auth.models import User
from app.billing.customers import ensure_customer
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeEvent
from app.database import db
from app.mail.outbox import OutboxMail
from tests.people import Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in, signed

pytestmark = pytest.mark.usefixtures("catalogue")
LINK = "https://buy.stripe.com/test_lifetime"
TYPES = ("invoice.paid", "checkout.session.completed", "charge.refunded")
Deliver = Callable[[Json], TestResponse]


@pytest.fixture
def payments(app: Flask) -> Callable[[], list[Payment]]:
    def read() -> list[Payment]:
        with app.app_context():
            return list(db.session.scalars(db.select(Payment)))

    return read


@pytest.fixture
def selling_by_link(app_with) -> Flask:
    return app_with(stripe_payment_links={"lifetime": LINK})


@pytest.fixture
def deliver_to_link(selling_by_link: Flask) -> Deliver:
    def send(event: Json) -> TestResponse:
        body, headers = signed(event, selling_by_link.extensions["settings"].webhook_secrets[0])
        return selling_by_link.test_client().post("/webhooks/stripe", data=body, headers=headers)

    return send


def session_of_link(order_address: str, at_stripe: Stripe, **params: Any) -> str:
    """What a Payment Link makes of a visit: a session with our reference, and nothing else of ours."""
    session = at_stripe.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "success_url": "https://example.com",
            "line_items": [{"price": at_stripe.price("shop_lifetime"), "quantity": 1}],
            "client_reference_id": order_address.rpartition("=")[2],
            **params,
        }
    )
    return str(session.id)


@pytest.mark.parametrize("order", list(itertools.permutations(TYPES)), ids="-".join)
def test_lifetime_has_one_payment_with_its_invoice_in_any_order_of_events(
    app: Flask, alice: Person, at_stripe: Stripe, deliver, payments, order: tuple[str, ...]
) -> None:
    at_stripe.mute()
    session = at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    at_stripe.v1.refunds.create({"payment_intent": session["payment_intent"], "amount": 5000})
    [invoice] = at_stripe.invoices()

    for kind in (*order, *order):
        [event] = at_stripe.events(kind)
        assert deliver(event).status_code == 200

    [payment] = payments()
    assert (payment.stripe_payment_intent_id, payment.stripe_invoice_id) == (session["payment_intent"], invoice["id"])
    assert (payment.amount, payment.amount_refunded, payment.status) == (19900, 5000, "paid")
    assert payment.number == invoice["number"]
    assert (payment.hosted_invoice_url, payment.invoice_pdf) == (invoice["hosted_invoice_url"], invoice["invoice_pdf"])
    assert alice.role == "pro"


def test_account_page_links_to_the_invoice_of_lifetime(
    site: str, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    emulator.wait_until_idle()

    page = alice.get("/account").text

    [invoice] = at_stripe.invoices()
    assert invoice["hosted_invoice_url"] in page and invoice["number"] in page


def test_dispute_of_an_invoiced_lifetime_suspends_it(
    site: str, alice: Person, at_stripe: Stripe, emulator: Emulator, payments
) -> None:
    at_stripe.pay(session_id_in(alice.buy("lifetime").location), "tok_createDispute")
    emulator.advance(seconds=60)
    emulator.wait_until_idle()

    assert (alice.role, len(payments())) == ("free", 1)


def test_debit_that_never_comes_is_no_failed_payment_of_its_invoice(
    site: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator, payments
) -> None:
    at_stripe.pay_by_debit(session_id_in(alice.buy("lifetime").location), "IT60X0542811101000000123456")
    emulator.advance(days=1)
    emulator.wait_until_idle()

    with app.app_context():
        assert db.session.scalars(db.select(Order.state)).all() == ["failed"]
        causes = db.session.scalars(db.select(OutboxMail.cause)).all()
        assert set(db.session.scalars(db.select(StripeEvent.outcome))) <= {"processed", "ignored"}
    assert (payments(), [cause for cause in causes if cause.startswith("invoice_attempt")]) == ([], [])


@pytest.mark.parametrize("order", list(itertools.permutations(TYPES)), ids="-".join)
@pytest.mark.parametrize("customer_is_known", [False, True])
def test_link_with_invoices_has_one_payment_in_any_order_of_events(
    app: Flask,
    selling_by_link: Flask,
    deliver_to_link: Deliver,
    at_stripe: Stripe,
    payments,
    order: tuple[str, ...],
    customer_is_known: bool,
) -> None:
    at_stripe.mute()
    alice = Person.sign_up(selling_by_link, "alice@example.com")
    params: Json = {"customer": _known_customer(app, alice, at_stripe)} if customer_is_known else {}
    address = alice.buy("lifetime").location
    session = at_stripe.pay(session_of_link(address, at_stripe, invoice_creation={"enabled": True}, **params))
    at_stripe.v1.refunds.create({"payment_intent": session["payment_intent"], "amount": 5000})
    [invoice] = at_stripe.invoices()

    for kind in (*order, *order):
        [event] = at_stripe.events(kind)
        assert deliver_to_link(event).status_code == 200

    [payment] = payments()
    assert (payment.amount, payment.amount_refunded, payment.number) == (19900, 5000, invoice["number"])
    assert alice.role == "pro"


def test_each_of_two_payments_through_the_link_has_its_own_invoice(
    selling_by_link: Flask, deliver_to_link: Deliver, at_stripe: Stripe, payments
) -> None:
    at_stripe.mute()
    alice = Person.sign_up(selling_by_link, "alice@example.com")
    address = alice.buy("lifetime").location
    for _ in range(2):
        at_stripe.pay(session_of_link(address, at_stripe, invoice_creation={"enabled": True}))

    for completed in at_stripe.events("checkout.session.completed"):
        deliver_to_link(completed)

    numbers = sorted(invoice["number"] for invoice in at_stripe.invoices())
    assert sorted(str(payment.number) for payment in payments()) == numbers
    assert len(set(numbers)) == 2


def test_invoice_that_stripe_does_not_have_holds_no_order_up(alice: Person, at_stripe: Stripe, deliver) -> None:
    at_stripe.mute()
    session = at_stripe.pay(session_id_in(alice.buy("lifetime").location))

    answer = deliver(event_of("checkout.session.completed", session | {"invoice": "in_of_nobody"}))

    assert (answer.status_code, alice.role) == (200, "pro")


def test_link_without_invoices_says_so_in_words(
    selling_by_link: Flask, deliver_to_link: Deliver, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    alice = Person.sign_up(selling_by_link, "alice@example.com")
    at_stripe.pay(session_of_link(alice.buy("lifetime").location, at_stripe))
    [completed] = at_stripe.events("checkout.session.completed")

    deliver_to_link(completed)

    page = alice.get("/account").text
    assert "No invoice" in page and ">None<" not in page


def test_invoice_that_the_operator_wrote_by_hand_is_a_payment_of_its_own(
    app: Flask, deliver_to_link: Deliver, selling_by_link: Flask, at_stripe: Stripe, payments
) -> None:
    at_stripe.mute()
    alice = Person.sign_up(selling_by_link, "alice@example.com")
    customer = _known_customer(app, alice, at_stripe)
    method = at_stripe.v1.payment_methods.attach(at_stripe.card(), {"customer": customer}).id
    at_stripe.v1.invoice_items.create({"customer": customer, "amount": 2500, "currency": "usd"})
    draft = at_stripe.v1.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
    at_stripe.v1.invoices.pay(draft.id, {"payment_method": method})
    [paid] = at_stripe.events("invoice.paid")

    deliver_to_link(paid)

    [payment] = payments()
    assert (payment.amount, payment.order_id, payment.stripe_invoice_id) == (2500, None, draft.id)


def _known_customer(app: Flask, person: Person, at_stripe: Stripe) -> str:
    """Have Stripe make a customer for somebody, and the site know it."""
    with app.app_context():
        user = db.session.get(User, person.id)
        return ensure_customer(user, current_scope())
