"""Invoices that are sent by mail, that cannot be written, and that nobody is asked to pay any more."""

import itertools

import pytest
from flask import Flask

from app.billing.models.payments import Payment
from app.database import db
from app.mail.alerts import open_alerts
from tests.mail.mailbox import mails
from tests.people import Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in


@pytest.fixture
def invoice(catalogue: None, alice: Person, at_stripe: Stripe, deliver) -> Json:  # type: ignore[no-untyped-def]
    """An open invoice of Alice, who is on Pro: of her next period, as events would have it."""
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    for event in at_stripe.events("checkout.session.completed", "customer.subscription.created"):
        deliver(event)
    [paid] = at_stripe.invoices()
    url = "https://invoice.stripe.com/i/1"
    asked = {"id": "in_next", "status": "open", "amount_paid": 0, "number": "A-2", "hosted_invoice_url": url}
    return {**paid, **asked, "attempt_count": 0, "status_transitions": {"paid_at": None}}


def status_of(app: Flask) -> str | None:
    with app.app_context():
        return db.session.scalar(db.select(Payment.status).where(Payment.stripe_invoice_id == "in_next"))


def test_an_invoice_sent_by_mail_can_be_paid_from_the_account_page(app: Flask, alice: Person, invoice, deliver) -> None:
    deliver(event_of("invoice.sent", invoice))
    page = alice.get("/account").text

    assert status_of(app) == "open"
    assert "Please pay your invoice" in page
    assert invoice["hosted_invoice_url"] in page
    assert "payment_failed" not in [template for template, _ in mails(app)]


def test_an_overdue_invoice_says_so_until_it_is_paid(app: Flask, alice: Person, invoice, deliver) -> None:
    deliver(event_of("invoice.sent", invoice))
    deliver(event_of("invoice.overdue", invoice))
    late = alice.get("/account").text
    deliver(event_of("invoice.paid", {**invoice, "status": "paid", "amount_paid": 2900}))

    assert "that we sent you is overdue" in late
    assert status_of(app) == "paid"
    assert "Please pay your invoice" not in alice.get("/account").text


def test_an_invoice_without_words_of_its_own_is_called_by_its_largest_line(app: Flask, invoice, deliver) -> None:
    """The first may be what is given back of the plan before, or a note that costs nothing."""
    lines = [(-900, "Unused time on Basic"), (None, "A note"), (2900, "Remaining time on Pro")]
    data = [{"amount": amount, "description": words} for amount, words in lines]

    deliver(event_of("invoice.sent", {**invoice, "description": None, "lines": {"object": "list", "data": data}}))

    with app.app_context():
        assert db.session.scalar(db.select(Payment.description).where(Payment.number == "A-2")) == lines[2][1]


@pytest.mark.parametrize(
    ("kind", "status"), [("invoice.voided", "void"), ("invoice.marked_uncollectible", "uncollectible")]
)
def test_an_invoice_that_is_given_up_asks_for_nothing(
    app: Flask, alice: Person, invoice, deliver, kind: str, status: str
) -> None:
    failed = event_of("invoice.payment_failed", {**invoice, "attempt_count": 1})
    closed = event_of(kind, {**invoice, "attempt_count": 1, "status": status})

    deliver(failed)
    deliver(closed)

    assert status_of(app) == status
    assert "didn't go through" not in alice.get("/account").text.replace("&#39;", "'")


@pytest.mark.parametrize("kind", ["invoice.payment_failed", "invoice.payment_action_required"])
def test_word_of_a_failed_try_that_says_it_is_paid_is_believed_to_be_paid(
    app: Flask, alice: Person, invoice, deliver, kind: str
) -> None:
    """Stripe writes the object as it is when the event is made: the try failed, and the next one did not."""
    deliver(event_of(kind, {**invoice, "attempt_count": 2, "status": "paid", "amount_paid": 2900}))

    assert status_of(app) == "paid"
    assert "payment_failed" not in [template for template, _ in mails(app)]
    assert "didn't go through" not in alice.get("/account").text.replace("&#39;", "'")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_end_of_an_invoice_is_the_same_in_any_order(app: Flask, invoice, deliver, order: tuple[int, ...]) -> None:
    tried = {**invoice, "attempt_count": 1}
    events = [
        event_of("invoice.payment_failed", tried),
        event_of("invoice.marked_uncollectible", {**tried, "status": "uncollectible"}),
        event_of("invoice.paid", {**tried, "status": "paid", "amount_paid": 2900}),
    ]

    for number in order:
        deliver(events[number])

    assert status_of(app) == "paid"


@pytest.mark.parametrize(
    ("kind", "attempt", "status"),
    [("invoice.payment_failed", 2, "failed"), ("invoice.payment_action_required", 1, "action_required")],
)
def test_late_word_of_an_earlier_try_changes_nothing(
    app: Flask, invoice, deliver, kind: str, attempt: int, status: str
) -> None:
    deliver(event_of(kind, {**invoice, "attempt_count": attempt}))

    deliver(event_of("invoice.payment_failed", {**invoice, "attempt_count": 1}))

    with app.app_context():
        kept = db.session.execute(db.select(Payment.status, Payment.attempt_count).where(Payment.number == "A-2")).one()
    assert kept == (status, attempt)
    assert [template for template, _ in mails(app) if template.startswith("payment_")] == [f"payment_{status}"]


def test_an_invoice_that_stripe_cannot_finalize_is_the_operators_until_it_is_mended(
    app: Flask, invoice, deliver
) -> None:
    def stuck() -> list[str]:
        with app.app_context():
            return [alert.message for alert in open_alerts("invoice_stuck:")]

    draft = {**invoice, "status": "draft", "number": None, "hosted_invoice_url": None}
    deliver(event_of("invoice.finalization_failed", draft))
    during = stuck()
    deliver(event_of("invoice.paid", {**invoice, "attempt_count": 1, "status": "paid", "amount_paid": 2900}))

    assert during == ["Stripe cannot finalize the invoice in_next."]
    assert status_of(app) == "paid"
    assert stuck() == []
