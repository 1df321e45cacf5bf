"""Logging in and out."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth.forms import LoginForm, text_of
from app.auth.models import User
from app.auth.passwords import HASHER
from app.auth.routes import LOGIN_FAILED
from app.billing.models.payments import Order
from app.database import db
from tests.people import PASSWORD, Person


def log_in(person: Person, client: FlaskClient, **fields: str):  # type: ignore[no-untyped-def]
    elsewhere = Person(person.app, client, person.email)
    return elsewhere.post("/login", page="/login", **{"email": person.email, "password": PASSWORD} | fields)


def test_right_password_signs_in(alice: Person, client: FlaskClient) -> None:
    answer = log_in(alice, client)

    assert (answer.status_code, answer.location) == (303, "/dashboard")
    assert client.get("/account").status_code == 200


def test_field_that_was_not_sent_is_an_empty_text(app: Flask) -> None:
    with app.test_request_context():
        assert text_of(LoginForm().email) == ""


def test_address_is_taken_in_any_case(alice: Person, client: FlaskClient) -> None:
    assert log_in(alice, client, email=" Alice@Example.COM").status_code == 303


@pytest.mark.parametrize(
    "fields", [{"password": "a wrong password"}, {"email": "nobody@example.com"}], ids=["password", "address"]
)
def test_every_failed_login_gets_one_message(alice: Person, client: FlaskClient, fields: dict[str, str]) -> None:
    answer = log_in(alice, client, **fields)

    assert answer.status_code == 422
    assert LOGIN_FAILED.replace("'", "&#39;") in answer.text
    assert client.get("/account").status_code == 302


@pytest.mark.parametrize(
    "fields", [{"email": "", "password": ""}, {"email": "@"}, {"password": "x" * 10_000}], ids=["empty", "at", "long"]
)
def test_impossible_login_shows_the_form_again(alice: Person, client: FlaskClient, fields: dict[str, str]) -> None:
    assert log_in(alice, client, **fields).status_code == 422


def test_no_field_is_needed_to_fail_cleanly(client: FlaskClient) -> None:
    visitor = Person(client.application, client, "")

    assert visitor.post("/login", page="/login").status_code == 422


def test_session_of_the_visitor_is_replaced_at_login(alice: Person, client: FlaskClient) -> None:
    client.get("/login")
    with client.session_transaction() as before:
        before["planted"] = "by an attacker"
        token = before["csrf_token"]

    log_in(alice, client)

    with client.session_transaction() as after:
        assert "planted" not in after
        assert after.get("csrf_token") != token


def test_login_with_old_parameters_is_rehashed(alice: Person, client: FlaskClient) -> None:
    weak = type(HASHER)(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with alice.app.app_context():
        db.session.execute(db.update(User).values(password_hash=weak))
        db.session.commit()

    log_in(alice, client)

    with alice.app.app_context():
        password_hash = db.session.scalar(db.select(User.password_hash))
    assert not HASHER.check_needs_rehash(password_hash)
    assert HASHER.verify(password_hash, PASSWORD)


def test_unreadable_hash_lets_nobody_in(alice: Person, client: FlaskClient) -> None:
    with alice.app.app_context():
        db.session.execute(db.update(User).values(password_hash="!"))
        db.session.commit()

    assert log_in(alice, client).status_code == 422


def test_cookie_ends_with_the_browser_unless_asked_to_remember(alice: Person, client: FlaskClient) -> None:
    log_in(alice, client)
    elsewhere = alice.app.test_client()
    log_in(alice, elsewhere, remember="y")

    brief, remembered = client.get_cookie("session"), elsewhere.get_cookie("session")
    assert brief is not None and brief.expires is None
    assert remembered is not None and remembered.expires is not None


def test_logging_out_ends_the_session_itself(alice: Person) -> None:
    cookie = alice.client.get_cookie("session")
    assert cookie is not None

    answer = alice.post("/logout")
    alice.client.set_cookie("session", cookie.value)

    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert (answer.status_code, answer.location) == (303, "/")
    assert alice.get("/account").status_code == 302


def test_logging_out_is_post_only(alice: Person) -> None:
    assert alice.get("/logout").status_code == 405
    assert alice.get("/account").status_code == 200


def test_logging_out_twice_is_no_error(alice: Person) -> None:
    alice.post("/logout")

    assert alice.post("/logout", page="/login").status_code == 303


def test_form_without_token_is_refused(alice: Person, client: FlaskClient) -> None:
    answer = client.post("/login", data={"email": alice.email, "password": PASSWORD})

    assert answer.status_code == 400
    assert client.get("/account").status_code == 302


def test_signing_in_as_somebody_else_ends_the_first_session(alice: Person, bob: Person) -> None:
    cookie = alice.client.get_cookie("session")
    assert cookie is not None

    Person(alice.app, alice.client, bob.email).post("/login", page="/account", email=bob.email, password=PASSWORD)

    assert bob.email in alice.get("/account").text
    alice.client.set_cookie("session", cookie.value)
    assert alice.get("/account").status_code == 302


def test_chosen_plan_leads_from_login_to_checkout(alice: Person, client: FlaskClient, catalogue: None) -> None:
    answer = log_in(alice, client, plan="basic", interval="month")

    assert "/c/pay/" in answer.location


def test_signed_in_reader_with_a_plan_is_shown_the_prices(alice: Person) -> None:
    answer = alice.get("/login?plan=pro&interval=year")

    assert answer.location == "/pricing?interval=year"


def test_owner_for_life_is_not_sold_a_plan_at_login(alice: Person, client: FlaskClient, catalogue: None) -> None:
    alice.buy("lifetime")
    with alice.app.app_context():
        db.session.execute(db.update(Order).values(state="fulfilled"))
        db.session.commit()

    answer = log_in(alice, client, plan="pro", interval="month")

    assert (answer.status_code, answer.location) == (303, "/account")
    assert "Lifetime is yours for good" in client.get("/account").text
