"""Alice's life as a subscriber: renewals, changes, trouble with the card, and the end."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.models.payments import Order, Payment
from app.billing.models.roles import RoleChange
from app.billing.models.subscription import Subscription
from app.database import db
from app.mail.outbox import OutboxMail
from tests.billing.lives.oracle import assert_everything_equals_stripe
from tests.people import PASSWORD, Person
from tests.stripe_actions import Stripe, session_id_in


@pytest.fixture
def subscription(site: str, alice: Person, at_stripe: Stripe, emulator: Emulator) -> str:
    """Alice is on Pro by the month; the id of her subscription."""
    session = at_stripe.pay(session_id_in(alice.buy("pro").location))
    emulator.wait_until_idle()
    return str(session["subscription"])


@pytest.fixture
def mirrored(app: Flask):  # type: ignore[no-untyped-def]
    """The mirror's one row."""

    def read() -> Subscription:
        with app.app_context():
            return db.session.scalars(db.select(Subscription)).one()

    return read


@pytest.fixture
def mails(app: Flask):  # type: ignore[no-untyped-def]
    """The templates of the mails so far."""

    def read() -> list[str]:
        with app.app_context():
            return list(db.session.scalars(db.select(OutboxMail.template)))

    return read


def way_back(at_stripe: Stripe) -> str:
    """Where the newest portal session leads back to."""
    address = urlsplit(at_stripe.events("billing_portal.session.created")[-1]["data"]["object"]["return_url"])
    return f"{address.path}?{address.query}"


def test_renewal_moves_the_period_and_records_the_payment(
    subscription: str, app: Flask, alice: Person, emulator: Emulator, mirrored
) -> None:
    first_end = mirrored().current_period_end

    emulator.advance(days=32)
    emulator.wait_until_idle()

    assert mirrored().current_period_end > first_end
    assert alice.role == "pro"
    with app.app_context():
        amounts = db.session.scalars(db.select(Payment.amount).where(Payment.status == "paid")).all()
    assert amounts == [2900, 2900]


def test_change_to_a_cheaper_plan_lowers_the_role(
    subscription: str, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.swap_price(subscription, "shop_basic_month")
    emulator.wait_until_idle()

    assert alice.role == "basic"


def test_payment_for_a_change_of_plan_is_named_after_the_new_plan(
    subscription: str, app: Flask, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.swap_price(subscription, "shop_pro_year")
    emulator.wait_until_idle()

    with app.app_context():
        last = db.session.scalars(db.select(Payment).order_by(Payment.created_at.desc(), Payment.number.desc())).first()
    assert last.description.startswith("Remaining time on ")
    assert "Pro" in last.description


def test_account_page_knows_what_was_just_done_in_the_portal(
    subscription: str, app: Flask, alice: Person, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    alice.post("/account/portal")
    at_stripe.swap_price(subscription, "shop_pro_year")
    at_stripe.cancel_in_portal(subscription)

    answer = alice.get(way_back(at_stripe))

    page = alice.get(answer.location).text
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "be charged again" in page
    assert "Change to Pro" in page
    assert_everything_equals_stripe(app, at_stripe)


def test_return_from_the_portal_tells_the_charge_where_the_emulators_clock_was_moved(
    site: str, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    session = at_stripe.pay(session_id_in(alice.buy("basic").location))
    emulator.advance(days=10)
    emulator.wait_until_idle()
    alice.post("/account/portal")
    at_stripe.swap_price(session["subscription"], "shop_pro_month")
    emulator.wait_until_idle()

    alice.get(way_back(at_stripe))

    assert re.search(r"You're on Pro now\. \$\d+(\.\d\d)? was charged today\.", alice.read("/account"))


def test_return_from_the_portal_does_not_need_stripe(
    subscription: str, alice: Person, at_stripe: Stripe, app_with: Callable[..., Flask]
) -> None:
    alice.post("/account/portal")
    cut_off = app_with(stripe_api_base="http://127.0.0.1:9")
    browser = Person(cut_off, cut_off.test_client(), alice.email)
    browser.post("/login", page="/login", email=alice.email, password=PASSWORD)

    answer = browser.get(way_back(at_stripe))

    assert answer.status_code == 303
    assert "You're on Pro, $29 a month." in browser.read(answer.location)


def test_cancellation_in_the_portal_is_seen_and_ends_with_the_period(
    subscription: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator, mirrored, mails
) -> None:
    at_stripe.cancel_in_portal(subscription)
    emulator.wait_until_idle()
    canceling, role_until_the_end, page = mirrored(), alice.role, alice.get("/account").text
    emulator.advance(days=32)
    emulator.wait_until_idle()

    assert canceling.is_canceling
    assert not canceling.cancel_at_period_end
    assert canceling.cancel_at == canceling.current_period_end
    assert role_until_the_end == "pro"
    assert "won" in page
    assert "be charged again" in page
    assert (mirrored().status, alice.role) == ("canceled", "free")
    assert mails().count("subscription_ended") == 1


def test_resumed_subscription_runs_on(
    subscription: str, alice: Person, at_stripe: Stripe, emulator: Emulator, mirrored
) -> None:
    at_stripe.cancel_in_portal(subscription)
    at_stripe.resume_in_portal(subscription)
    emulator.advance(days=32)
    emulator.wait_until_idle()

    assert not mirrored().is_canceling
    assert alice.role == "pro"


def test_card_that_keeps_failing_ends_the_subscription(
    subscription: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator, mirrored, mails
) -> None:
    at_stripe.use_card(mirrored().stripe_customer_id, "tok_chargeCustomerFail")
    emulator.advance(days=32)
    emulator.wait_until_idle()
    past_due = mirrored().status
    for _ in range(6):
        emulator.advance(days=8)
    emulator.wait_until_idle()

    assert past_due == "past_due"
    assert mirrored().status in ("canceled", "unpaid")
    assert alice.role == "free"
    assert mails().count("payment_failed") >= 4
    assert_everything_equals_stripe(app, at_stripe)


def test_bank_that_asks_for_confirmation_of_a_renewal_is_told_to_the_subscriber(
    subscription: str, app: Flask, at_stripe: Stripe, emulator: Emulator, mirrored, mails
) -> None:
    at_stripe.use_card(mirrored().stripe_customer_id, "tok_threeDSecure2Required")
    emulator.advance(days=32)
    emulator.wait_until_idle()

    with app.app_context():
        newest = db.session.scalars(db.select(Payment).order_by(Payment.created_at.desc())).first()
    assert newest.status == "action_required"
    assert mirrored().status == "past_due"
    assert "payment_action_required" in mails()


def test_past_due_subscriber_reaches_billing_and_is_sold_nothing(
    subscription: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator, mirrored
) -> None:
    at_stripe.use_card(mirrored().stripe_customer_id, "tok_chargeCustomerFail")
    emulator.advance(days=32)
    emulator.wait_until_idle()

    portal = alice.post("/account/portal", flow="payment_method_update")
    again = alice.buy("pro")

    assert "/p/session" in portal.location
    assert "/p/session" in again.location
    with app.app_context():
        assert len(db.session.scalars(db.select(Order)).all()) == 1


def test_refunded_renewal_is_recorded_and_keeps_the_subscription(
    subscription: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.v1.refunds.create({"charge": at_stripe.charges()[0]["id"], "amount": 1000})
    emulator.wait_until_idle()

    assert alice.role == "pro"
    with app.app_context():
        assert db.session.scalars(db.select(Payment.amount_refunded)).all() == [1000]


def test_deleting_the_account_cancels_the_subscription_first(
    subscription: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    answer = alice.post("/account/delete", page="/account", current_password=PASSWORD)
    emulator.wait_until_idle()

    assert answer.status_code == 303
    assert at_stripe.subscription(subscription)["status"] == "canceled"
    with app.app_context():
        assert db.session.scalars(db.select(RoleChange)).all() == []


def test_trial_becomes_a_paid_subscription_after_a_word_before_the_first_charge(
    app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator, site: str, mirrored, mails
) -> None:
    session = at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    emulator.wait_until_idle()
    method = at_stripe.v1.payment_methods.attach(at_stripe.card(), {"customer": session["customer"]}).id
    at_stripe.v1.subscriptions.create(
        {
            "customer": session["customer"],
            "items": [{"price": at_stripe.price("shop_basic_month")}],
            "trial_period_days": 14,
            "default_payment_method": method,
        }
    )
    emulator.wait_until_idle()
    trialing = mirrored().status

    emulator.advance(days=12)
    emulator.wait_until_idle()
    told = mails().count("trial_will_end")
    emulator.advance(days=3)
    emulator.wait_until_idle()

    assert (trialing, told, mirrored().status) == ("trialing", 1, "active")


def test_trial_without_a_card_is_paused_and_free(
    site: str, alice: Person, at_stripe: Stripe, emulator: Emulator, mirrored
) -> None:
    alice.buy("basic")
    [customer] = at_stripe.v1.customers.list({}).data
    at_stripe.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": at_stripe.price("shop_basic_month")}],
            "trial_period_days": 7,
            "trial_settings": {"end_behavior": {"missing_payment_method": "pause"}},
        }
    )
    emulator.wait_until_idle()
    during = alice.role
    emulator.advance(days=8)
    emulator.wait_until_idle()

    assert during == "basic"
    assert (mirrored().status, alice.role) == ("paused", "free")
