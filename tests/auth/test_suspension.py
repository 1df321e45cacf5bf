"""Who is suspended is shut out at once, by every way in, and what they pay for goes on."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.account import support
from app.auth.admission import admit
from app.auth.email_tokens import Purpose, make_token, was_used
from app.auth.models import SecurityEvent, User
from app.auth.next_page import Destination
from app.auth.password_reset import request_reset
from app.auth.sessions import Method
from app.auth.sign_in import authenticate
from app.billing.errors import CannotBeDone
from app.database import db
from app.mail.outbox import OutboxMail
from tests.billing.support.conftest import paid
from tests.people import PASSWORD, Person
from tests.stripe_actions import Stripe

SENTENCE = "This account is suspended. Write to"


def suspend(person: Person, reason: str = "spam") -> None:
    with person.app.app_context():
        support.suspend(db.session.get_one(User, person.id), actor="olga@example.com", reason=reason)


def lift(person: Person) -> None:
    with person.app.app_context():
        support.lift_suspension(db.session.get_one(User, person.id), actor="olga@example.com")


def log_in(client: FlaskClient, person: Person, password: str = PASSWORD) -> str:
    stranger = Person(person.app, client, person.email)
    answer = stranger.post("/login", page="/login", email=person.email, password=password)
    return answer.text if answer.status_code != 303 else stranger.get(answer.location).text


def test_all_browsers_are_logged_out_at_once(alice: Person) -> None:
    assert alice.is_signed_in

    suspend(alice)

    assert not alice.is_signed_in


def test_the_right_password_is_told_and_the_reason_is_not(alice: Person, app: Flask) -> None:
    suspend(alice, reason="sends spam")

    page = log_in(app.test_client(), alice)

    assert SENTENCE in page
    assert "sends spam" not in page
    with app.app_context():
        events = db.session.scalars(db.select(SecurityEvent).order_by(SecurityEvent.id)).all()
        assert [event.kind for event in events[-2:]] == ["suspended", "sign_in_refused"]
        assert events[-1].user_id == events[-2].user_id


def test_another_way_in_is_written_down_too(alice: Person, app: Flask) -> None:
    suspend(alice)
    alice_id = alice.id

    with app.test_request_context(method="POST"):
        answer = admit(alice_id, Method.PASSKEY, remember=False, destination=Destination())
        last = db.session.scalars(db.select(SecurityEvent).order_by(SecurityEvent.id.desc())).first()

        assert answer.location == "/login"
        assert (last.kind, last.user_id) == ("sign_in_refused", alice_id)


def test_a_wrong_password_is_told_nothing(alice: Person, app: Flask) -> None:
    suspend(alice)

    assert SENTENCE not in log_in(app.test_client(), alice, password="not theirs at all")


def test_the_password_is_hashed_as_for_anybody(alice: Person, bob: Person, app: Flask) -> None:
    suspend(alice)
    ids = [alice.id, bob.id]

    with app.test_request_context("/login", method="POST"):
        assert [authenticate(person.email, PASSWORD) for person in (alice, bob)] == ids


def test_a_session_that_was_begun_meanwhile_is_nobodys_and_stays_so(alice: Person, app: Flask) -> None:
    with alice.client.session_transaction() as cookie:
        kept = dict(cookie)
    with app.app_context():
        db.session.execute(db.update(User).where(User.id == alice.id).values(suspended_at=db.func.now()))
        db.session.commit()

    assert not alice.is_signed_in
    with alice.client.session_transaction() as cookie:
        cookie.update(kept)
    lift(alice)

    assert not alice.is_signed_in


@pytest.mark.parametrize("purpose", list(Purpose))
def test_links_do_not_work_until_it_is_lifted(alice: Person, app: Flask, purpose: Purpose) -> None:
    address = {Purpose.RESET_PASSWORD: "/reset-password", Purpose.VERIFY_EMAIL: "/verify-email"}.get(purpose)
    with app.test_request_context():
        token = make_token(db.session.get_one(User, alice.id), purpose)
    suspend(alice)

    if address:
        assert app.test_client().get(f"{address}/{token}").status_code == 400
    with app.test_request_context():
        assert not was_used(token, purpose)
    lift(alice)
    if address:
        assert app.test_client().get(f"{address}/{token}").status_code == 200


def test_no_link_is_mailed(alice: Person, app: Flask) -> None:
    suspend(alice)

    with app.test_request_context(method="POST"):
        request_reset(alice.email)
        db.session.commit()
        assert not db.session.scalar(db.select(OutboxMail.id).where(OutboxMail.template == "password_reset"))


def test_what_they_pay_for_goes_on(
    alice: Person, catalogue: None, at_stripe: Stripe, site: str, emulator: object
) -> None:
    paid(alice, at_stripe, "pro")
    suspend(alice)

    at_stripe.swap_price(at_stripe.subscriptions()[0]["id"], "shop_basic_month")
    emulator.wait_until_idle()  # type: ignore[attr-defined]

    assert alice.role == "basic"
    assert at_stripe.subscriptions()[0]["status"] == "active"


def test_lifted_they_log_in_again(alice: Person, app: Flask) -> None:
    suspend(alice)
    lift(alice)

    assert SENTENCE not in log_in(app.test_client(), alice)
    again = Person(app, app.test_client(), alice.email)
    log_in(again.client, alice)
    assert again.is_signed_in


def test_admins_are_not_suspended_and_the_suspended_no_admins(alice: Person, bob: Person, app: Flask) -> None:
    alice.become_admin()
    with pytest.raises(CannotBeDone, match="An admin is not suspended"):
        suspend(alice)

    suspend(bob)

    with app.app_context(), pytest.raises(CannotBeDone, match="lift that first"):
        support.set_admin(db.session.get_one(User, bob.id), True, actor="olga@example.com")
