"""Proving an address: at sign-up, and before a new one counts."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.auth.models import User
from app.database import db
from tests.mail.mailbox import link_path, mails
from tests.people import PASSWORD, Person


def stored(app: Flask, user_id: object) -> User:
    with app.app_context():
        user = db.session.get(User, user_id)
        assert user is not None
        return user


def test_link_confirms_the_address(alice: Person) -> None:
    assert "Please confirm your address" in alice.get("/account").text

    answer = alice.get(link_path(alice.app, "verify_email", alice.email))

    assert (answer.status_code, answer.location) == (303, "/account")
    assert stored(alice.app, alice.id).email_verified_at is not None
    assert "Please confirm your address" not in alice.get("/account").text


def test_link_opened_by_nobody_or_somebody_else_asks_before_it_confirms(
    alice: Person, bob: Person, client: FlaskClient
) -> None:
    path = link_path(alice.app, "verify_email", alice.email)
    visitor = Person(alice.app, client, "")

    pages = [visitor.get(path), bob.get(path)]
    before = stored(alice.app, alice.id).email_verified_at
    answer = visitor.post(path, page=path)

    assert [page.status_code for page in pages] == [200, 200]
    assert before is None
    assert (answer.status_code, answer.location) == (303, "/account")
    assert stored(alice.app, alice.id).email_verified_at is not None
    assert client.get("/dashboard").status_code == 302


def test_link_works_once(alice: Person) -> None:
    path = link_path(alice.app, "verify_email", alice.email)
    alice.get(path)

    answer = alice.get(path)

    assert answer.status_code == 400
    assert "This link was used already" in answer.text
    assert "This link was used already" in alice.app.test_client().get(path).text
    pressed = alice.post(path)
    assert (pressed.status_code, "This link was used already" in pressed.text) == (400, True)


def test_link_followed_again_says_that_the_address_is_confirmed(alice: Person) -> None:
    path = link_path(alice.app, "verify_email", alice.email)
    alice.get(path)

    page = alice.get(path).text

    assert f"confirmed as {alice.email}." in page
    assert "Send a new link" not in page


def test_scanner_that_only_looks_confirms_nothing(alice: Person, client: FlaskClient) -> None:
    answer = client.head(link_path(alice.app, "verify_email", alice.email))

    assert answer.status_code == 200
    assert stored(alice.app, alice.id).email_verified_at is None


def test_newer_link_kills_the_older(alice: Person) -> None:
    older = link_path(alice.app, "verify_email", alice.email)

    answer = alice.post("/verify-email")

    assert (answer.status_code, answer.location) == (303, "/account")
    assert alice.get(older).status_code == 400
    assert alice.get(link_path(alice.app, "verify_email", alice.email)).status_code == 303


def test_confirmed_address_gets_no_second_mail(alice: Person) -> None:
    alice.get(link_path(alice.app, "verify_email", alice.email))
    before = mails(alice.app)

    alice.post("/verify-email")

    assert mails(alice.app) == before


def test_sending_again_needs_signing_in(client: FlaskClient) -> None:
    visitor = Person(client.application, client, "")

    assert visitor.post("/verify-email", page="/login").location == "/login"


def test_welcome_comes_once_the_address_is_confirmed(alice: Person) -> None:
    alice.get(link_path(alice.app, "verify_email", alice.email))

    assert mails(alice.app, alice.email)[-1] == ("welcome", alice.email)


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "x" * 5000])
def test_forged_link_is_refused(client: FlaskClient, token: str) -> None:
    assert client.get(f"/verify-email/{token}").status_code == 400


def test_new_address_counts_once_it_is_confirmed(alice: Person) -> None:
    user_id = alice.id

    answer = alice.post("/account/email", email="Alice@New.example", current_password=PASSWORD)
    before = stored(alice.app, user_id)
    alice.get(link_path(alice.app, "verify_email", "alice@new.example"))
    after = stored(alice.app, user_id)

    assert (answer.status_code, answer.location) == (303, "/account/security")
    assert (before.email, before.pending_email) == ("alice@example.com", "alice@new.example")
    assert (after.email, after.pending_email) == ("alice@new.example", None)
    assert after.email_verified_at is not None


def test_old_address_is_told_when_it_is_asked_and_when_it_is_done(alice: Person) -> None:
    alice.post("/account/email", email="alice@new.example", current_password=PASSWORD)
    alice.get(link_path(alice.app, "verify_email", "alice@new.example"))

    assert [template for template, _ in mails(alice.app, "alice@example.com")] == [
        "verify_email",
        "email_change_requested",
        "email_changed",
    ]


def test_address_of_somebody_else_never_becomes_ours(alice: Person, bob: Person) -> None:
    user_id = alice.id

    answer = alice.post("/account/email", email=bob.email, current_password=PASSWORD)
    alice.get(link_path(alice.app, "verify_email", bob.email))

    assert answer.status_code == 303
    bob_verified = [path for path in mails(alice.app, bob.email) if path[0] == "verify_email"]
    assert len(bob_verified) == 2
    assert stored(alice.app, user_id).email == "alice@example.com"
    assert "another account has it" in alice.get("/account").text


def test_first_link_is_dead_once_another_address_is_asked_for(alice: Person) -> None:
    first = link_path(alice.app, "verify_email", alice.email)

    alice.post("/account/email", email="alice@new.example", current_password=PASSWORD)

    assert alice.get(first).status_code == 400
