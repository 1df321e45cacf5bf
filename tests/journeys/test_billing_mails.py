"""What mails about trouble and the end promise, and that it is so."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.models.payments import Payment
from app.billing.models.roles import Grant
from app.billing.models.subscription import Subscription
from app.database import db
from app.mail.compose import compose
from app.mail.outbox import OutboxMail
from app.templating import date
from tests.people import Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in


@pytest.fixture
def subscription(site: str, alice: Person, at_stripe: Stripe, emulator: Emulator) -> Json:
    """Alice is on Pro by the month."""
    session = at_stripe.pay(session_id_in(alice.buy("pro").location))
    emulator.wait_until_idle()
    return at_stripe.subscription(str(session["subscription"]))


@pytest.fixture
def read_mails(app: Flask) -> Callable[[str], list[str]]:
    def read(template: str) -> list[str]:
        with app.app_context():
            query = db.select(OutboxMail).where(OutboxMail.template == template).order_by(OutboxMail.created_at)
            texts = [compose(row).get_body(("plain",)) for row in db.session.scalars(query)]
            return [" ".join(text.get_content().split()) for text in texts if text]

    return read


def assert_leads_to_paying(mail: str, app: Flask, at_stripe: Stripe) -> None:
    """It names the plan's last day, by the days of grace, and links to the newest invoice."""
    invoice = at_stripe.v1.invoices.retrieve(at_stripe.invoices()[-1]["id"])
    with app.app_context():
        row = db.session.scalars(db.select(Subscription)).one()
        last_day = date(row.unpaid_since + timedelta(days=7))
    assert f"Pro stays on until {last_day}." in mail
    assert invoice.hosted_invoice_url in mail


def test_mail_about_a_failed_payment_names_the_plan_the_last_day_and_leads_to_paying(
    subscription: Json, app: Flask, at_stripe: Stripe, emulator: Emulator, read_mails: Callable[[str], list[str]]
) -> None:
    at_stripe.use_card(subscription["customer"], "tok_chargeCustomerFail")
    emulator.advance(days=32)
    emulator.wait_until_idle()

    [mail, *_] = read_mails("payment_failed")
    assert "We could not collect $29 for Pro." in mail
    assert_leads_to_paying(mail, app, at_stripe)


def test_an_overdue_invoice_is_told_by_mail_with_the_last_day_and_the_way_to_pay(
    subscription: Json, app: Flask, at_stripe: Stripe, emulator: Emulator, read_mails: Callable[[str], list[str]]
) -> None:
    """No card is charged for it, so no failed payment tells that the plan is about to end."""
    by_mail = {"collection_method": "send_invoice", "days_until_due": 7}
    at_stripe.v1.subscriptions.update(subscription["id"], by_mail)
    emulator.advance(days=32)
    emulator.advance(days=8)
    emulator.wait_until_idle()

    [mail] = read_mails("payment_overdue")
    assert "The invoice of $29 for Pro is overdue." in mail
    assert_leads_to_paying(mail, app, at_stripe)
    assert read_mails("payment_failed") == []


def test_end_of_one_of_two_subscriptions_does_not_call_the_account_free(
    subscription: Json, at_stripe: Stripe, emulator: Emulator, read_mails: Callable[[str], list[str]]
) -> None:
    at_stripe.subscribe(subscription["customer"], at_stripe.price("shop_basic_month"))
    emulator.wait_until_idle()
    at_stripe.v1.subscriptions.cancel(subscription["id"])
    emulator.wait_until_idle()

    [mail] = read_mails("subscription_ended")
    assert "You keep Basic" in mail
    assert "free" not in mail


def test_last_try_does_not_say_that_all_goes_on(
    subscription: Json, at_stripe: Stripe, emulator: Emulator, read_mails: Callable[[str], list[str]]
) -> None:
    at_stripe.use_card(subscription["customer"], "tok_chargeCustomerFail")
    emulator.advance(days=32)
    for _ in range(4):
        emulator.advance(days=8)
    emulator.wait_until_idle()

    last = read_mails("payment_failed")[-1]
    assert "all goes on as before" not in last
    assert "We do not try again by ourselves." in last


def test_end_for_want_of_payment_says_so(
    subscription: Json, at_stripe: Stripe, emulator: Emulator, read_mails: Callable[[str], list[str]]
) -> None:
    at_stripe.use_card(subscription["customer"], "tok_chargeCustomerFail")
    emulator.advance(days=32)
    for _ in range(6):
        emulator.advance(days=8)
    emulator.wait_until_idle()

    [mail] = read_mails("subscription_ended")
    assert "because a payment did not go through" in mail
    assert "goes on as a free one" in mail


def test_end_beside_a_gift_does_not_call_the_account_free(
    subscription: Json,
    app: Flask,
    alice: Person,
    at_stripe: Stripe,
    emulator: Emulator,
    read_mails: Callable[[str], list[str]],
) -> None:
    with app.app_context():
        db.session.add(Grant(user_id=alice.id, role="pro", role_rank=20, granted_by="operator"))
        db.session.commit()
    at_stripe.v1.subscriptions.cancel(subscription["id"])
    emulator.wait_until_idle()

    [mail] = read_mails("subscription_ended")
    assert "You keep Pro" in mail
    assert "free" not in mail


def test_bank_that_asks_to_confirm_is_told_also_after_the_failure(
    subscription: Json,
    at_stripe: Stripe,
    emulator: Emulator,
    deliver: Callable[[Json], object],
    read_mails: Callable[[str], list[str]],
) -> None:
    at_stripe.mute()
    at_stripe.use_card(subscription["customer"], "tok_threeDSecure2Required")
    emulator.advance(days=32)

    for kind in ("invoice.payment_failed", "invoice.payment_action_required"):
        deliver(event_of(kind, at_stripe.invoices()[-1]))

    assert [len(read_mails(name)) for name in ("payment_failed", "payment_action_required")] == [1, 1]


def test_payment_that_credit_covers_is_recorded(
    subscription: Json, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    credit = {"amount": -5000, "currency": "usd"}
    at_stripe.v1.customers.balance_transactions.create(subscription["customer"], credit)
    emulator.advance(days=32)
    emulator.wait_until_idle()

    with app.app_context():
        newest = db.session.scalars(db.select(Payment).order_by(Payment.created_at.desc())).first()
    assert (newest.status, newest.amount) == ("paid", 0)
    assert "paid by credit" in alice.get("/account").text


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["session first", "refund first"])
def test_date_of_a_one_time_payment_does_not_depend_on_what_is_heard_first(
    app: Flask,
    catalogue: None,
    alice: Person,
    at_stripe: Stripe,
    deliver: Callable[[Json], object],
    order: tuple[int, int],
) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    [charge] = at_stripe.charges()
    at_stripe.v1.refunds.create({"charge": charge["id"]})
    [completed] = at_stripe.events("checkout.session.completed")
    completed["data"]["object"]["created"] -= 3600 * 20
    events = [completed, at_stripe.events("charge.refunded")[-1]]

    for number in order:
        deliver(events[number])

    with app.app_context():
        payment = db.session.scalars(db.select(Payment)).one()
    assert payment.created_at.timestamp() == charge["created"]


def test_unpaid_subscription_leads_to_its_open_invoice(
    subscription: Json, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    """Stripe tries no more, and ends nothing: only paying what is open brings the plan back."""
    emulator.configure(dunning_final_status="unpaid")
    at_stripe.use_card(subscription["customer"], "tok_chargeCustomerFail")
    emulator.advance(days=32)
    emulator.advance(days=25)
    emulator.wait_until_idle()

    page = alice.get("/account").text

    open_invoices = [one for one in at_stripe.invoices() if one["status"] == "open"]
    assert at_stripe.subscription(subscription["id"])["status"] == "unpaid"
    assert any(one["hosted_invoice_url"] in page for one in open_invoices)
    assert "Pay now" in page
