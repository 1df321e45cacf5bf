"""Signing up: a new account, signed in at once and going on to what was asked for."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth.models import User
from app.auth.sign_in import create_user
from app.database import db
from tests.mail.mailbox import mails
from tests.people import PASSWORD, Person


def sign_up(visitor: Person, **fields: str):  # type: ignore[no-untyped-def]
    return visitor.post("/signup", page="/signup", **{"email": visitor.email, "password": PASSWORD} | fields)


@pytest.fixture
def visitor(app: Flask) -> Person:
    return Person(app, app.test_client(), "carol@example.com")


def test_new_person_is_signed_in_and_sent_to_the_dashboard(visitor: Person) -> None:
    answer = sign_up(visitor)

    assert (answer.status_code, answer.location) == (303, "/dashboard")
    assert visitor.get("/account").status_code == 200


def test_new_person_goes_on_to_the_page_that_was_asked_for(visitor: Person) -> None:
    answer = visitor.post("/signup?next=/account", page="/signup", email=visitor.email, password=PASSWORD)

    assert answer.location == "/account"


def test_address_is_written_one_way_whatever_was_typed(visitor: Person) -> None:
    sign_up(visitor, email="  Carol@EXAMPLE.com ")

    with visitor.app.app_context():
        assert db.session.scalars(db.select(User.email)).all() == ["carol@example.com"]


def test_verification_mail_is_written_once(visitor: Person) -> None:
    sign_up(visitor)

    assert mails(visitor.app) == [("verify_email", "carol@example.com")]


def test_taken_address_is_refused_and_changes_nothing(alice: Person, visitor: Person) -> None:
    answer = sign_up(visitor, email="ALICE@example.com", password="another good password")

    assert answer.status_code == 422
    assert "log in or set a new password" in answer.text
    assert visitor.get("/account").status_code == 302
    assert visitor.post("/login", page="/login", email=alice.email, password=PASSWORD).status_code == 303


def test_language_that_somebody_signs_up_in_is_kept(app: Flask) -> None:
    with app.test_request_context(method="POST"):
        user = create_user("carol@example.com", PASSWORD, language="de")

        assert user is not None and user.language == "de"


def test_role_and_admin_cannot_be_set_by_a_field(visitor: Person) -> None:
    sign_up(visitor, role="pro", is_admin="true", email_verified_at="2026-01-01")

    with visitor.app.app_context():
        user = db.session.scalars(db.select(User)).one()
        assert (user.role, user.is_admin, user.email_verified_at) == ("free", False, None)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"email": ""}, "Enter your e-mail address."),
        ({"email": "carol"}, "Enter an e-mail address like"),
        ({"email": "carol@example.com\nbcc: bob@example.com"}, "Enter an e-mail address like"),
        ({"email": "zoë@example.com"}, "We can&#39;t send mail to this address"),
        ({"email": "=?utf-8?q?x?=@example.com"}, "We can&#39;t send mail to this address"),
        ({"password": ""}, "Choose a password."),
        ({"password": "short"}, "Use at least 8 characters."),
        ({"password": "x" * 257}, "Use at most 256 characters."),
        ({"password": "password1"}, "one of the first that attackers try"),
        ({"password": "carol@example.com"}, "not made from your address"),
    ],
)
def test_form_comes_back_with_the_reason(visitor: Person, fields: dict[str, str], message: str) -> None:
    answer = sign_up(visitor, **fields)

    assert answer.status_code == 422
    assert message in answer.text
    with visitor.app.app_context():
        assert db.session.scalars(db.select(User)).all() == []


def test_password_is_never_sent_back(visitor: Person) -> None:
    answer = sign_up(visitor, email="nonsense", password="a secret to keep")

    assert "nonsense" in answer.text
    assert "a secret to keep" not in answer.text


def test_signed_in_reader_is_sent_on(alice: Person) -> None:
    answer = alice.get("/signup?next=/account")

    assert (answer.status_code, answer.location) == (302, "/account")


def test_chosen_plan_leads_straight_to_checkout(visitor: Person, catalogue: None) -> None:
    answer = sign_up(visitor, plan="pro", interval="year")

    assert answer.status_code == 303
    assert "/c/pay/" in answer.location


def test_unknown_plan_is_left_out(visitor: Person) -> None:
    answer = sign_up(visitor, plan="platinum", interval="decade")

    assert answer.location == "/dashboard"


def test_chosen_plan_is_carried_through_the_form(client: FlaskClient) -> None:
    page = client.get("/signup?plan=pro&interval=year").text

    assert 'name="plan" type="hidden" value="pro"' in page
    assert 'name="interval" type="hidden" value="year"' in page
    assert "Pro" in page
    assert "/login?plan=pro&amp;interval=year" in page


def test_unreachable_stripe_keeps_the_account(visitor: Person) -> None:
    answer = sign_up(visitor, plan="pro", interval="month")

    assert answer.status_code == 503
    assert visitor.get("/account").status_code == 200
