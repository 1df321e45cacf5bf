"""The free trial is a person's, not an account's."""

import pytest
from flask import Flask
from pydantic import SecretStr

from app.billing.models.payments import Order
from app.billing.models.used import PastTrial
from app.database import db
from tests.people import PASSWORD, Person
from tests.stripe_actions import Stripe, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")
ADDRESS = "alice@example.com"


@pytest.fixture
def trying(app_with, at_stripe: Stripe) -> Flask:
    """A site that gives two weeks for free."""
    at_stripe.mute()
    return app_with(trial_days=14)


def try_and_leave(app: Flask, at_stripe: Stripe) -> None:
    """Begin a trial, and delete the account."""
    alice = Person.sign_up(app, ADDRESS)
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    leave(alice)


def leave(person: Person) -> None:
    answer = person.post("/account/delete", page="/account/delete", current_password=PASSWORD)
    assert answer.status_code == 303


def trial_days_of_next_order(person: Person) -> int:
    person.buy("pro")
    user_id = person.id
    with person.app.app_context():
        return db.session.scalars(db.select(Order.trial_days).where(Order.user_id == user_id)).one()


def test_deleting_the_account_and_signing_up_again_gives_no_second_trial(trying: Flask, at_stripe: Stripe) -> None:
    try_and_leave(trying, at_stripe)
    alice = Person.sign_up(trying, ADDRESS)

    page = alice.get("/pricing").text

    assert trial_days_of_next_order(alice) == 0
    assert "days are free" not in page


def test_account_that_is_deleted_without_a_trial_leaves_its_address_the_trial(trying: Flask) -> None:
    leave(Person.sign_up(trying, ADDRESS))

    assert trial_days_of_next_order(Person.sign_up(trying, ADDRESS)) == 14


def test_trial_of_another_address_is_its_own(trying: Flask, at_stripe: Stripe) -> None:
    try_and_leave(trying, at_stripe)

    assert trial_days_of_next_order(Person.sign_up(trying, "bob@example.com")) == 14


def test_new_address_before_leaving_gives_no_second_trial_to_the_old_one(trying: Flask, at_stripe: Stripe) -> None:
    alice = Person.sign_up(trying, ADDRESS)
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    with trying.app_context():
        db.session.execute(db.text("UPDATE users SET email = 'new@example.com'"))
        db.session.commit()
    leave(alice)

    days = [trial_days_of_next_order(Person.sign_up(trying, email)) for email in (ADDRESS, "new@example.com")]

    assert days == [0, 0]


def test_trial_is_remembered_while_the_key_that_wrote_it_stands(app_with, at_stripe: Stripe) -> None:
    at_stripe.mute()
    old, new = "an old key of more than 32 bytes, for tests", "a new key of more than 32 bytes, for tests"
    try_and_leave(app_with(trial_days=14, secret_key=SecretStr(old)), at_stripe)

    rotated = app_with(trial_days=14, secret_key=SecretStr(f"{new},{old}"))

    assert trial_days_of_next_order(Person.sign_up(rotated, ADDRESS)) == 0


def test_what_is_kept_does_not_show_the_address_and_the_privacy_page_says_so(trying: Flask, at_stripe: Stripe) -> None:
    try_and_leave(trying, at_stripe)

    with trying.app_context():
        [kept] = db.session.scalars(db.select(PastTrial.address_digest))
    assert len(kept) == 64 and "alice" not in kept
    assert "if you had a free trial, a fingerprint of your address" in trying.test_client().get("/privacy").text
