"""A paid role past its end: Stripe is asked once, and nobody is locked out or let in for ever by a lost webhook."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.auth.models import User
from app.billing.models.subscription import Subscription
from app.billing.reconcile.expired_roles import recheck_role
from app.database import db, utcnow
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def stripe_between(emulator: Emulator) -> Iterator[MisbehavingStripe]:
    with MisbehavingStripe(emulator.url) as proxy:
        yield proxy


@pytest.fixture
def subscriber(app_with, stripe_between: MisbehavingStripe, at_stripe: Stripe) -> Person:
    """Alice on Pro, on a site that no webhook reaches."""
    at_stripe.mute()
    alice = Person.sign_up(app_with(stripe_api_base=stripe_between.url), "alice@example.com")
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    stripe_between.requests.clear()
    return alice


def expire(app: Flask, ago: timedelta = timedelta(minutes=1)) -> None:
    """Let the paid role have ended this long ago, as far as we know."""
    with app.app_context():
        db.session.execute(db.update(User).values(role_expires_at=utcnow() - ago, role_recheck_at=None))
        paid_until = utcnow() - ago - timedelta(days=7)
        db.session.execute(db.update(Subscription).values(current_period_end=paid_until))
        db.session.commit()


def recheck_now(app: Flask) -> None:
    """Let the five minutes until the next question be over."""
    with app.app_context():
        db.session.execute(db.update(User).values(role_recheck_at=utcnow() - timedelta(seconds=1)))
        db.session.commit()


def test_role_before_its_end_costs_no_question(subscriber: Person, stripe_between: MisbehavingStripe) -> None:
    assert subscriber.get("/dashboard/pro").status_code == 200
    assert stripe_between.requests == []


def test_renewal_whose_webhook_was_lost_locks_nobody_out(subscriber: Person, stripe_between: MisbehavingStripe) -> None:
    expire(subscriber.app)

    answers = [subscriber.get("/dashboard/pro").status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    questions = [path for _, path in stripe_between.requests if path.startswith("/v1/subscriptions")]
    assert len(questions) == 1
    with subscriber.app.app_context():
        assert db.session.scalars(db.select(User.role_expires_at)).one() > utcnow() + timedelta(days=20)


def test_who_saw_the_role_before_another_asked_about_it_does_not_ask_again(
    subscriber: Person, stripe_between: MisbehavingStripe
) -> None:
    expire(subscriber.app)
    subscriber.get("/dashboard/pro")
    stripe_between.requests.clear()
    user_id = subscriber.id

    with subscriber.app.app_context():
        recheck_role(db.session.get_one(User, user_id))

    assert (stripe_between.requests, subscriber.role) == ([], "pro")


def test_cancellation_whose_webhook_was_lost_leaves_nothing_open(subscriber: Person, at_stripe: Stripe) -> None:
    at_stripe.v1.subscriptions.cancel(at_stripe.subscriptions()[0]["id"])
    expire(subscriber.app)

    assert subscriber.get("/dashboard/pro").status_code == 403
    assert subscriber.role == "free"


def test_stripe_out_of_reach_leaves_access_and_is_asked_again_after_five_minutes(
    subscriber: Person, stripe_between: MisbehavingStripe
) -> None:
    expire(subscriber.app)
    stripe_between.answer(400, "/v1/subscriptions")

    first = [subscriber.get("/dashboard/pro").status_code for _ in range(3)]
    asked = len(stripe_between.requests)
    recheck_now(subscriber.app)
    second = subscriber.get("/dashboard/pro").status_code

    assert (first, second) == ([200, 200, 200], 200)
    assert (asked, len(stripe_between.requests)) == (1, 2)
    with subscriber.app.app_context():
        wait = db.session.scalars(db.select(User.role_recheck_at)).one() - utcnow()
    assert timedelta(minutes=4) < wait <= timedelta(minutes=5)


@pytest.mark.parametrize(
    ("ago", "role"), [(timedelta(days=2, hours=23), "pro"), (timedelta(days=3, minutes=1), "free")]
)
def test_stripe_out_of_reach_is_believed_for_three_days(
    subscriber: Person, stripe_between: MisbehavingStripe, ago: timedelta, role: str
) -> None:
    expire(subscriber.app, ago)
    stripe_between.answer(429, "/v1/subscriptions")

    subscriber.get("/dashboard/pro")

    assert subscriber.role == role


def test_access_comes_back_when_stripe_does(subscriber: Person, stripe_between: MisbehavingStripe) -> None:
    expire(subscriber.app, timedelta(days=4))
    stripe_between.answer(429, "/v1/subscriptions")
    locked_out = subscriber.get("/dashboard/pro").status_code
    stripe_between.behave()

    subscriber.app.test_cli_runner().invoke(args=["billing", "sync"])

    assert (locked_out, subscriber.get("/dashboard/pro").status_code) == (403, 200)


def test_grace_of_a_failed_renewal_ends_at_the_next_check(
    subscriber: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    with subscriber.app.app_context():
        long_ago = utcnow() - timedelta(days=8)
        db.session.execute(db.update(Subscription).values(status="past_due", current_period_start=long_ago))
        db.session.commit()
    [subscription] = emulator.find("subscription")
    item = subscription["items"]["data"][0]
    item["current_period_start"] -= 8 * 86400
    item["current_period_end"] -= 8 * 86400
    subscription["status"] = "past_due"
    emulator.overwrite(subscription)
    expire(subscriber.app)

    assert subscriber.get("/dashboard/pro").status_code == 403


def test_reading_a_role_past_its_end_asks_nobody(subscriber: Person, stripe_between: MisbehavingStripe) -> None:
    expire(subscriber.app)

    with subscriber.app.app_context():
        answer = db.session.get_one(User, subscriber.id).has_role("pro")

    assert (answer, stripe_between.requests) == (True, [])


def test_expired_role_is_looked_at_whatever_page_is_read(subscriber: Person, at_stripe: Stripe) -> None:
    at_stripe.v1.subscriptions.cancel(at_stripe.subscriptions()[0]["id"])
    expire(subscriber.app)

    subscriber.get("/terms")

    assert subscriber.role == "free"


def test_expired_role_is_not_looked_at_for_a_file(subscriber: Person, stripe_between: MisbehavingStripe) -> None:
    expire(subscriber.app)

    subscriber.get("/static/favicon.svg").close()

    assert stripe_between.requests == []


@pytest.fixture
def confirmed(subscriber: Person, emulator: Emulator) -> Person:
    """Alice, whose subscription Stripe still calls active long after its period has ended."""
    [subscription] = emulator.find("subscription")
    item = subscription["items"]["data"][0]
    item["current_period_start"] -= 60 * 86400
    item["current_period_end"] -= 60 * 86400
    emulator.overwrite(subscription)
    expire(subscriber.app)
    assert subscriber.get("/dashboard/pro").status_code == 200
    return subscriber


def test_role_that_stripe_confirms_past_its_end_is_shown_without_an_end(confirmed: Person) -> None:
    with confirmed.app.app_context():
        user = db.session.get_one(User, confirmed.id)
        end, asked_again = user.role_expires_at, user.role_recheck_at

    assert (end, "We can't reach Stripe" in confirmed.get("/account").text) == (None, False)
    assert timedelta(minutes=4) < asked_again - utcnow() <= timedelta(minutes=5)


def test_role_that_stripe_confirmed_past_its_end_is_asked_about_again(
    confirmed: Person, stripe_between: MisbehavingStripe
) -> None:
    stripe_between.requests.clear()
    confirmed.get("/dashboard/pro")
    asked_at_once = len(stripe_between.requests)
    recheck_now(confirmed.app)

    confirmed.get("/dashboard/pro")

    assert (asked_at_once, bool(stripe_between.requests)) == (0, True)


def test_confirmed_role_stays_while_stripe_is_then_out_of_reach(
    confirmed: Person, stripe_between: MisbehavingStripe
) -> None:
    stripe_between.answer(429, "/v1/subscriptions")
    recheck_now(confirmed.app)

    answer = confirmed.get("/dashboard/pro").status_code

    assert (answer, confirmed.role) == (200, "pro")
