"""Reconciling payments: what lost webhooks left out of the record is read from Stripe, and nobody gets a mail."""

from typing import Any

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.models.payments import Order, Payment
from app.billing.reconcile.users import DriftReport, sync_all
from app.database import db
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.mail.mailbox import mails
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in

DEBIT_THAT_PAYS, DEBIT_THAT_FAILS = "AT611904300234573201", "IT60X0542811101000000123456"


@pytest.fixture
def reconcile(app: Flask, catalogue: None, at_stripe: Stripe):  # type: ignore[no-untyped-def]
    """The nightly job, on a site that no webhook has reached."""
    at_stripe.mute()

    def run(**options: Any) -> DriftReport:
        with app.app_context():
            return sync_all(**options)

    return run


@pytest.fixture
def subscribed(reconcile, alice: Person, at_stripe: Stripe) -> Person:  # type: ignore[no-untyped-def]
    """Alice is on Pro, and all that has happened is known."""
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    reconcile()
    return alice


@pytest.fixture
def owner(reconcile, alice: Person, at_stripe: Stripe) -> Person:  # type: ignore[no-untyped-def]
    """Alice has bought for life, and all that has happened is known."""
    at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    reconcile()
    return alice


@pytest.fixture
def payments(app: Flask):  # type: ignore[no-untyped-def]
    """Every payment, oldest first."""

    def read() -> list[Payment]:
        with app.app_context():
            return list(db.session.scalars(db.select(Payment).order_by(Payment.created_at, Payment.id)))

    return read


def customer_of(app: Flask) -> str:
    with app.app_context():
        return str(db.session.scalars(db.select(Order.stripe_customer_id)).one())


def test_paid_invoice_without_a_webhook_is_recorded(reconcile, alice: Person, at_stripe: Stripe, payments) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro").location))

    report = reconcile()

    [payment], [invoice] = payments(), at_stripe.invoices()
    assert (payment.status, payment.amount, payment.currency) == ("paid", 2900, "usd")
    assert (payment.number, payment.hosted_invoice_url) == (invoice["number"], invoice["hosted_invoice_url"])
    assert payment.user_id == alice.id
    assert report.repaired_payments == [f"{invoice['id']} of {alice.email}"]
    assert "$29" in alice.get("/account").text


def test_dry_run_reports_the_payment_and_writes_none(reconcile, alice: Person, at_stripe: Stripe, payments) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro").location))

    report = reconcile(dry_run=True)

    assert len(report.repaired_payments) == 1
    assert payments() == []


def test_second_run_finds_no_payment_to_repair(reconcile, subscribed: Person) -> None:
    assert reconcile() == DriftReport(checked=1)


def test_renewal_that_failed_unheard_is_recorded_without_a_mail(
    reconcile, app: Flask, subscribed: Person, at_stripe: Stripe, emulator: Emulator, payments
) -> None:
    written = mails(app)
    at_stripe.use_card(customer_of(app), "tok_chargeCustomerFail")
    emulator.advance(days=32)

    reconcile()

    assert [payment.status for payment in payments()] == ["paid", "failed"]
    assert "go through" in subscribed.get("/account").text
    assert mails(app) == written
    with app.app_context():
        db.session.execute(db.delete(Payment))
        db.session.commit()
    reconcile()
    assert [payment.status for payment in payments()] == ["paid", "failed"]


def test_failed_renewal_that_was_paid_unheard_loses_its_notice(
    reconcile, app: Flask, subscribed: Person, at_stripe: Stripe, emulator: Emulator, payments
) -> None:
    at_stripe.use_card(customer_of(app), "tok_chargeCustomerFail")
    emulator.advance(days=32)
    reconcile()
    at_stripe.use_card(customer_of(app), "tok_visa")
    renewal = at_stripe.invoices()[-1]["id"]
    at_stripe.v1.invoices.pay(renewal)

    report = reconcile()

    assert [payment.status for payment in payments()] == ["paid", "paid"]
    assert "go through" not in subscribed.get("/account").text
    assert report.repaired_payments == [f"{renewal} of {subscribed.email}"]


def test_renewal_that_the_bank_wants_confirmed_says_so(
    reconcile, app: Flask, subscribed: Person, at_stripe: Stripe, emulator: Emulator, payments
) -> None:
    at_stripe.use_card(customer_of(app), "tok_threeDSecureRequired")
    emulator.advance(days=32)

    reconcile()

    assert payments()[-1].status == "action_required"


def test_debit_on_its_way_is_no_failed_payment(reconcile, alice: Person, at_stripe: Stripe, payments) -> None:
    at_stripe.pay_by_debit(session_id_in(alice.buy("pro").location), DEBIT_THAT_PAYS)

    report = reconcile()

    assert payments() == report.repaired_payments == []


def test_refunded_invoice_without_a_webhook_is_recorded(
    reconcile, subscribed: Person, at_stripe: Stripe, payments
) -> None:
    [charge] = at_stripe.charges()
    at_stripe.v1.refunds.create({"charge": charge["id"], "amount": 1000})

    report = reconcile()

    assert [payment.amount_refunded for payment in payments()] == [1000]
    assert len(report.repaired_payments) == 1
    assert subscribed.role == "pro"


def test_refunded_lifetime_without_a_webhook_takes_the_role(
    reconcile, app: Flask, owner: Person, at_stripe: Stripe, payments
) -> None:
    at_stripe.v1.refunds.create({"charge": at_stripe.charges()[0]["id"]})

    report = reconcile()

    assert [payment.amount_refunded for payment in payments()] == [19900]
    assert owner.role == "free"
    assert report.has_access_without_paying == [owner.email]
    with app.app_context():
        assert db.session.scalars(db.select(Order.state)).one() == "refunded"


def test_partly_refunded_lifetime_keeps_the_role(reconcile, owner: Person, at_stripe: Stripe, payments) -> None:
    at_stripe.v1.refunds.create({"charge": at_stripe.charges()[0]["id"], "amount": 900})

    reconcile()

    assert [payment.amount_refunded for payment in payments()] == [900]
    assert owner.role == "pro"


def test_lifetime_bought_and_refunded_unheard_gives_nothing(
    reconcile, alice: Person, at_stripe: Stripe, payments
) -> None:
    at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    at_stripe.v1.refunds.create({"charge": at_stripe.charges()[0]["id"]})

    reconcile()

    assert [(payment.amount, payment.amount_refunded) for payment in payments()] == [(19900, 19900)]
    assert alice.role == "free"


def test_lost_payment_row_of_an_order_is_written_again(
    reconcile, app: Flask, owner: Person, at_stripe: Stripe, payments
) -> None:
    with app.app_context():
        db.session.execute(db.delete(Payment))
        db.session.commit()

    report = reconcile()

    [payment], [charge] = payments(), at_stripe.charges()
    assert (payment.status, payment.amount, payment.currency) == ("paid", 19900, "usd")
    assert payment.description == "Lifetime"
    assert report.repaired_payments == [f"{charge['payment_intent']} of {owner.email}"]


def test_wrong_amount_and_missing_number_of_a_paid_invoice_are_corrected(
    reconcile, app: Flask, subscribed: Person, at_stripe: Stripe, payments
) -> None:
    with app.app_context():
        db.session.execute(db.update(Payment).values(amount=1, number=None, invoice_pdf=None))
        db.session.commit()

    report = reconcile()

    [payment], [invoice] = payments(), at_stripe.invoices()
    assert (payment.amount, payment.number, payment.invoice_pdf) == (2900, invoice["number"], invoice["invoice_pdf"])
    assert len(report.repaired_payments) == 1


def test_disputed_lifetime_without_a_webhook_suspends_the_role(reconcile, alice: Person, at_stripe: Stripe) -> None:
    at_stripe.pay(session_id_in(alice.buy("lifetime").location), "tok_createDispute")
    reconcile()
    dispute = at_stripe.v1.disputes.list({}).data

    reconcile()

    assert len(dispute) == 1
    assert alice.role == "free"


def test_order_given_up_and_paid_all_the_same_is_fulfilled(
    reconcile, app: Flask, alice: Person, at_stripe: Stripe
) -> None:
    at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    with app.app_context():
        db.session.execute(db.update(Order).values(state="expired"))
        db.session.commit()

    report = reconcile()

    assert alice.role == "pro"
    assert report.settled_orders == report.pays_without_access == [alice.email]


def test_session_that_stripe_no_longer_has_stops_no_comparison(reconcile, app: Flask, alice: Person, at_stripe) -> None:
    at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    with app.app_context():
        db.session.execute(db.update(Order).values(state="expired", stripe_checkout_session_id="cs_test_gone"))
        db.session.commit()

    report = reconcile()

    assert (report.checked, len(report.repaired_payments)) == (1, 1)


def test_refund_of_a_guests_payment_through_the_link_is_found(reconcile, app_with, at_stripe: Stripe, payments) -> None:
    selling = app_with(stripe_payment_links={"lifetime": "https://buy.stripe.com/test_lifetime"})
    alice = Person.sign_up(selling, "alice@example.com")
    wanted = {"mode": "payment", "success_url": "https://example.com"}
    wanted |= {"line_items": [{"price": at_stripe.price("shop_lifetime"), "quantity": 1}]}
    order_id = alice.buy("lifetime").location.rpartition("=")[2]
    paid = at_stripe.pay(at_stripe.v1.checkout.sessions.create({**wanted, "client_reference_id": order_id}).id)
    with selling.app_context():
        sync_all()
    at_stripe.v1.refunds.create({"payment_intent": paid["payment_intent"]})

    reconcile()

    assert [payment.amount_refunded for payment in payments()] == [19900]
    assert alice.role == "free"


def test_late_webhook_changes_nothing_that_was_repaired(
    reconcile, deliver, alice: Person, at_stripe: Stripe, payments
) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    at_stripe.v1.refunds.create({"charge": at_stripe.charges()[0]["id"], "amount": 1000})
    reconcile()
    before = [(payment.status, payment.amount, payment.amount_refunded) for payment in payments()]

    for kind in ("invoice.paid", "charge.refunded"):
        deliver(at_stripe.events(kind)[-1])

    assert [(payment.status, payment.amount, payment.amount_refunded) for payment in payments()] == before
    assert before == [("paid", 2900, 1000)]


@pytest.mark.needs("app/admin")
def test_operator_reads_one_users_payments_from_stripe(
    reconcile, alice: Person, bob: Person, at_stripe: Stripe, payments
) -> None:
    bob.become_admin()
    at_stripe.pay(session_id_in(alice.buy("pro").location))

    bob.post(f"/admin/users/{alice.id}/sync", page=f"/admin/users/{alice.id}")

    assert [payment.status for payment in payments()] == ["paid"]


def test_customer_that_stripe_no_longer_has_keeps_its_payments(
    reconcile, deliver, subscribed: Person, emulator: Emulator, payments
) -> None:
    emulator.reset()

    reconcile()

    assert [payment.status for payment in payments()] == ["paid"]


def test_one_user_costs_one_question_of_each_kind(reconcile, app_with, subscribed: Person, emulator: Emulator) -> None:
    with MisbehavingStripe(emulator.url) as between, app_with(stripe_api_base=between.url).app_context():
        sync_all()

    assert [path.partition("?")[0] for _, path in between.requests] == [
        "/v1/subscriptions",
        "/v1/invoices",
        "/v1/charges",
        "/v1/invoices/create_preview",
    ]
