"""Closing an account: Stripe first, then everything, and nothing if Stripe cannot be asked."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from stripe_emulator import Emulator

from app.account.models import DeletedAccount
from app.auth.models import SecurityEvent, User, UserSession
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeCustomer, StripeEvent
from app.billing.models.subscription import Subscription
from app.database import db, utcnow
from app.retention import clean_up
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.mail.mailbox import mails
from tests.people import PASSWORD, Person
from tests.stripe_actions import Stripe, session_id_in


def delete(person: Person, password: str = PASSWORD):  # type: ignore[no-untyped-def]
    return person.post("/account/delete", page="/account/delete", current_password=password)


def count(app: Flask, model: type) -> int:
    with app.app_context():
        return db.session.scalar(sa.select(sa.func.count()).select_from(model))


def test_page_lists_what_goes(alice: Person) -> None:
    page = alice.get("/account/delete").text

    assert alice.email in page
    assert "This cannot be undone" in page


def test_account_is_gone_with_all_that_hangs_on_it(alice: Person) -> None:
    answer = delete(alice)

    assert (answer.status_code, answer.location) == (303, "/")
    assert [count(alice.app, model) for model in (User, UserSession, SecurityEvent)] == [0, 0, 0]
    assert alice.get("/account").status_code == 302


def test_nothing_that_names_them_stays_at_stripe_or_in_what_stripe_told_us(
    alice: Person, site: str, at_stripe: Stripe, emulator: Emulator
) -> None:
    alice.buy("basic")
    with alice.app.app_context():
        customer = db.session.scalars(db.select(StripeCustomer.stripe_customer_id)).one()
    at_stripe.subscribe(customer, at_stripe.price("shop_pro_month"))
    emulator.wait_until_idle()
    user_id = alice.id

    answer = delete(alice)
    emulator.wait_until_idle()
    with alice.app.app_context():
        before = db.session.scalars(db.select(StripeEvent).where(StripeEvent.payload.contains(alice.email))).all()
        clean_up()
        after = db.session.scalars(db.select(StripeEvent).where(StripeEvent.payload.contains(customer))).all()
        kept = db.session.scalars(db.select(DeletedAccount)).one()

    assert answer.status_code == 303
    assert at_stripe.v1.customers.retrieve(customer).deleted
    assert before and not after
    assert kept.id == user_id
    assert alice.email not in repr(vars(kept))


def test_fingerprint_of_a_closed_account_is_forgotten_after_a_year(alice: Person) -> None:
    delete(alice)
    kept = count(alice.app, DeletedAccount)
    with alice.app.app_context():
        db.session.execute(db.update(DeletedAccount).values(deleted_at=utcnow() - timedelta(days=366)))
        db.session.commit()
        clean_up()

    assert (kept, count(alice.app, DeletedAccount)) == (1, 0)


def test_page_says_what_stays(alice: Person) -> None:
    page = alice.get("/account/delete").text

    assert "This stays: your payments without your name" in page
    assert "a fingerprint that nobody can turn back into your address" in page


def test_address_is_free_again(alice: Person) -> None:
    delete(alice)

    again = Person.sign_up(alice.app, alice.email)

    assert again.get("/account").status_code == 200


def test_last_mail_says_that_it_is_done(alice: Person) -> None:
    delete(alice)

    assert mails(alice.app) == [("account_deleted", alice.email)]


@pytest.mark.parametrize("password", ["", "wrong"])
def test_wrong_password_deletes_nothing(alice: Person, password: str) -> None:
    answer = delete(alice, password)

    assert answer.status_code == 422
    assert alice.get("/account").status_code == 200


def test_other_accounts_stay(alice: Person, bob: Person) -> None:
    delete(alice)

    assert bob.get("/account").status_code == 200


def test_payments_stay_without_a_name(alice: Person) -> None:
    with alice.app.app_context():
        payment = Payment(
            user_id=alice.id,
            stripe_invoice_id="in_alice",
            stripe_account="acct_1",
            livemode=False,
            status="paid",
            amount=900,
        )
        payment.currency, payment.created_at = "usd", utcnow()
        db.session.add(payment)
        db.session.commit()

    delete(alice)

    with alice.app.app_context():
        assert db.session.scalars(db.select(Payment.user_id)).all() == [None]


@pytest.mark.parametrize(
    ("token", "params"),
    [
        ("tok_visa", {}),
        ("tok_visa", {"trial_period_days": 7}),
        ("tok_visa", {"cancel_at_period_end": True}),
        ("tok_visa_chargeDeclined", {"payment_behavior": "default_incomplete"}),
    ],
    ids=["active", "trialing", "canceling", "incomplete"],
)
def test_subscription_of_any_state_is_canceled_at_stripe_first(
    alice: Person, catalogue: None, at_stripe: Stripe, token: str, params: dict[str, object]
) -> None:
    alice.buy("basic")
    with alice.app.app_context():
        customer = db.session.scalars(db.select(StripeCustomer.stripe_customer_id)).one()
    if token == "tok_visa":
        at_stripe.subscribe(customer, at_stripe.price("shop_pro_month"), token, **params)
    else:
        at_stripe.v1.subscriptions.create(
            {"customer": customer, "items": [{"price": at_stripe.price("shop_pro_month")}], **params}
        )

    answer = delete(alice)

    assert answer.status_code == 303
    assert {one["status"] for one in at_stripe.subscriptions()} <= {"canceled", "incomplete_expired"}
    with alice.app.app_context():
        assert db.session.scalars(db.select(Subscription.user_id)).all() in ([], [None])


def test_open_checkout_is_expired_before_the_account_goes(alice: Person, catalogue: None) -> None:
    alice.buy("pro")

    answer = delete(alice)

    assert answer.status_code == 303
    with alice.app.app_context():
        assert db.session.scalars(db.select(Order.state)).all() == ["expired"]


def test_unreachable_stripe_deletes_nothing(alice: Person, catalogue: None, app_with: Callable[..., Flask]) -> None:
    alice.buy("pro")
    cut_off = app_with(stripe_api_base="http://127.0.0.1:9")
    cookie = alice.client.get_cookie("session")
    assert cookie is not None
    browser = Person(cut_off, cut_off.test_client(), alice.email)
    browser.client.set_cookie("session", cookie.value)

    answer = delete(browser)

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert alice.get("/account").status_code == 200


def test_subscription_that_cannot_be_ended_keeps_the_account(
    app_with: Callable[..., Flask], catalogue: None, emulator: Emulator, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    with MisbehavingStripe(emulator.url) as refusing:
        alice = Person.sign_up(app_with(stripe_api_base=refusing.url), "alice@example.com")
        session_id = session_id_in(alice.buy("pro").location)
        at_stripe.pay(session_id)
        alice.get(f"/checkout/success?session_id={session_id}")
        refusing.rule = lambda method, _path: 400 if method == "DELETE" else None

        page = alice.get("/account/delete").text
        answer = delete(alice)

    assert "Your Pro subscription" in page
    assert answer.status_code == 503
    assert alice.get("/account").status_code == 200


def test_last_admin_stays(alice: Person, bob: Person) -> None:
    with alice.app.app_context():
        db.session.execute(db.update(User).where(User.email == alice.email).values(is_admin=True))
        db.session.commit()

    answer = delete(alice)

    assert answer.status_code == 422
    assert "You are the only admin." in answer.text
    assert alice.get("/account").status_code == 200


def test_one_of_two_admins_may_go(alice: Person, bob: Person) -> None:
    with alice.app.app_context():
        db.session.execute(db.update(User).values(is_admin=True))
        db.session.commit()

    assert delete(alice).status_code == 303


def test_subscription_that_the_operator_made_with_another_customer_is_cancelled_too(
    alice: Person, catalogue: None, deliver, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    alice.buy("pro")
    customer = at_stripe.v1.customers.create({}).id
    made = at_stripe.subscribe(customer, at_stripe.price("shop_basic_month"), metadata={"userId": str(alice.id)})
    deliver(at_stripe.events("customer.subscription.created")[0])
    role_before = alice.role

    answer = delete(alice)

    assert (role_before, answer.status_code) == ("basic", 303)
    assert count(alice.app, User) == 0
    assert at_stripe.subscription(made["id"])["status"] == "canceled"
