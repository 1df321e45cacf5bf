"""Changing an account: address and password, each with the password."""

import pytest
from flask.testing import FlaskClient

from app.auth.models import User
from app.database import db
from tests.mail.mailbox import mails
from tests.people import PASSWORD, Person

NEW_PASSWORD = "nine lives of a cat"


def signed_in_elsewhere(person: Person, password: str = PASSWORD) -> Person:
    browser = Person(person.app, person.app.test_client(), person.email)
    browser.post("/login", page="/login", email=person.email, password=password, remember="y")
    return browser


def change_password(person: Person, **fields: str):  # type: ignore[no-untyped-def]
    return person.post("/account/password", **{"current_password": PASSWORD, "new_password": NEW_PASSWORD} | fields)


def test_new_password_counts_at_once(alice: Person) -> None:
    answer = change_password(alice)

    assert (answer.status_code, answer.location) == (303, "/account/security")
    assert signed_in_elsewhere(alice, NEW_PASSWORD).get("/account").status_code == 200
    assert signed_in_elsewhere(alice, PASSWORD).get("/account").status_code == 302


def test_new_password_ends_the_other_sessions_and_keeps_this_one(alice: Person) -> None:
    elsewhere = signed_in_elsewhere(alice)

    change_password(alice)

    assert alice.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302


def test_new_password_renews_the_cookie(alice: Person) -> None:
    cookie = alice.client.get_cookie("session")
    assert cookie is not None

    change_password(alice)
    alice.client.set_cookie("session", cookie.value)

    assert alice.get("/account").status_code == 302


def test_remembered_browser_stays_remembered(alice: Person) -> None:
    browser = signed_in_elsewhere(alice)

    answer = change_password(browser)

    assert "Expires" in answer.headers["Set-Cookie"]


def test_new_password_is_told_by_mail(alice: Person) -> None:
    change_password(alice)

    assert mails(alice.app, alice.email)[-1] == ("password_changed", alice.email)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"current_password": "wrong"}, "This is not your current password."),
        ({"current_password": ""}, "Enter your current password."),
        ({"new_password": ""}, "Choose a password."),
        ({"new_password": "short"}, "Use at least 8 characters."),
        ({"new_password": "password1"}, "one of the first that attackers try"),
        ({"new_password": "alice@example.com"}, "not made from your address"),
    ],
)
def test_password_form_comes_back_with_the_reason(alice: Person, fields: dict[str, str], message: str) -> None:
    answer = change_password(alice, **fields)

    assert answer.status_code == 422
    assert message in answer.text
    assert signed_in_elsewhere(alice, PASSWORD).get("/account").status_code == 200


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"current_password": "wrong"}, "This is not your current password."),
        ({"email": "nonsense"}, "Enter an e-mail address like"),
        ({"email": ""}, "Enter your e-mail address."),
        ({"email": "ALICE@example.com"}, "This is your address already."),
    ],
)
def test_address_form_comes_back_with_the_reason(alice: Person, fields: dict[str, str], message: str) -> None:
    before = mails(alice.app)

    answer = alice.post("/account/email", **{"email": "alice@new.example", "current_password": PASSWORD} | fields)

    assert answer.status_code == 422
    assert message in answer.text
    assert mails(alice.app) == before


def test_answer_is_the_same_for_an_address_that_is_taken(alice: Person, bob: Person) -> None:
    free = alice.post("/account/email", email="free@example.com", current_password=PASSWORD)
    page = alice.get("/account").text
    taken = alice.post("/account/email", email=bob.email, current_password=PASSWORD)

    assert (free.status_code, free.location) == (taken.status_code, taken.location)
    assert "We sent a link to free@example.com" in page
    assert f"We sent a link to {bob.email}" in alice.get("/account").text


@pytest.mark.parametrize("path", ["/account/email", "/account/password", "/account/delete", "/account/sessions/revoke"])
def test_change_without_signing_in_leads_to_login(alice: Person, client: FlaskClient, path: str) -> None:
    visitor = Person(alice.app, client, alice.email)

    answer = visitor.post(path, page="/login", current_password=PASSWORD, new_password=NEW_PASSWORD)

    assert (answer.status_code, answer.location) == (303, "/login")


@pytest.mark.parametrize(
    "path", ["/account/email", "/account/password", "/account/delete", "/account/portal", "/logout"]
)
def test_form_of_another_site_is_refused(alice: Person, path: str) -> None:
    answer = alice.client.post(path, data={"current_password": PASSWORD, "new_password": NEW_PASSWORD})

    assert answer.status_code == 400
    assert signed_in_elsewhere(alice, PASSWORD).get("/account").status_code == 200


def test_role_and_admin_cannot_be_set_by_a_field(alice: Person) -> None:
    change_password(alice, role="pro", is_admin="true")

    with alice.app.app_context():
        user = db.session.scalars(db.select(User)).one()
        assert (user.role, user.is_admin) == ("free", False)
