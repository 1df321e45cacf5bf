"""Forgotten passwords: a link that works once, and nothing that tells who has an account."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner

from app.auth.email_tokens import Purpose
from app.auth.models import SecurityEvent, User
from app.database import db
from app.urls import link_to
from tests.auth.test_sessions import statements
from tests.mail.mailbox import link_path, mails
from tests.people import PASSWORD, Person

NEW_PASSWORD = "nine lives of a cat"


@pytest.fixture
def visitor(app: Flask) -> Person:
    return Person(app, app.test_client(), "alice@example.com")


def ask(visitor: Person, email: str = "alice@example.com"):  # type: ignore[no-untyped-def]
    return visitor.post("/forgot-password", page="/forgot-password", email=email)


def set_password(visitor: Person, path: str, password: str = NEW_PASSWORD):  # type: ignore[no-untyped-def]
    return visitor.post(path, page="/forgot-password", password=password)


def can_log_in(app: Flask, email: str, password: str) -> bool:
    browser = Person(app, app.test_client(), email)
    return browser.post("/login", page="/login", email=email, password=password).status_code == 303


def test_link_sets_a_new_password(alice: Person, visitor: Person) -> None:
    ask(visitor)

    answer = set_password(visitor, link_path(alice.app, "password_reset", alice.email))

    assert (answer.status_code, answer.location) == (303, "/login")
    assert can_log_in(alice.app, alice.email, NEW_PASSWORD)
    assert not can_log_in(alice.app, alice.email, PASSWORD)


def test_answer_is_the_same_for_an_unknown_address(alice: Person, visitor: Person) -> None:
    def answer_to(email: str) -> tuple[int, str | None, str]:
        answer = ask(visitor, email)
        page = visitor.get(answer.location or "").text
        return answer.status_code, answer.location, re.sub(r'value="[^"]*"', "", page)

    assert answer_to(alice.email) == answer_to("nobody@example.com")


def test_unknown_address_gets_no_mail_and_leaves_nothing(alice: Person, visitor: Person) -> None:
    before = mails(alice.app)

    ask(visitor, "nobody@example.com")

    assert mails(alice.app) == before


def test_work_is_the_same_for_an_unknown_address(alice: Person, visitor: Person) -> None:
    def work_for(email: str) -> list[str]:
        token = visitor.csrf_token("/forgot-password")
        with statements(alice.app) as seen:
            visitor.client.post("/forgot-password", data={"csrf_token": token, "email": email})
        return seen

    assert work_for(alice.email) == work_for("nobody@example.com")


def test_used_link_is_dead(alice: Person, visitor: Person) -> None:
    ask(visitor)
    path = link_path(alice.app, "password_reset", alice.email)
    set_password(visitor, path)

    answer = set_password(visitor, path, "yet another password")

    assert answer.status_code == 400
    assert "This link was used already" in answer.text
    assert can_log_in(alice.app, alice.email, NEW_PASSWORD)


def test_using_one_link_kills_the_others(alice: Person, visitor: Person) -> None:
    ask(visitor)
    older = link_path(alice.app, "password_reset", alice.email)
    ask(visitor)
    newer = link_path(alice.app, "password_reset", alice.email)

    assert set_password(visitor, older).status_code == 303
    assert set_password(visitor, newer).status_code == 400


def test_change_of_address_kills_the_link(alice: Person, visitor: Person) -> None:
    """The mailbox that the link went to is theirs no longer."""
    ask(visitor)
    path = link_path(alice.app, "password_reset", alice.email)
    with alice.app.app_context():
        db.session.execute(db.update(User).values(email="alice@new.example.com"))
        db.session.commit()

    assert set_password(visitor, path).status_code == 400


def test_change_of_password_kills_the_link(alice: Person, visitor: Person) -> None:
    ask(visitor)
    alice.post("/account/password", current_password=PASSWORD, new_password="a third password")

    answer = set_password(visitor, link_path(alice.app, "password_reset", alice.email))

    assert answer.status_code == 400
    assert can_log_in(alice.app, alice.email, "a third password")


def test_link_dies_after_an_hour(alice: Person, visitor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(visitor)
    path = link_path(alice.app, "password_reset", alice.email)
    present = TimestampSigner.get_timestamp
    later = timedelta(hours=1, seconds=2).total_seconds()

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: present(self) + int(later))

    assert set_password(visitor, path).status_code == 400


def test_link_of_another_purpose_sets_no_password(alice: Person, visitor: Person) -> None:
    path = link_path(alice.app, "verify_email", alice.email).replace("/verify-email/", "/reset-password/")

    assert visitor.get(path).status_code == 400


@pytest.mark.parametrize("token", ["x", "a.b.c", "WzEsMl0.aaaaaa.bbbbbb", "%00", "\N{SNOWMAN}", "x" * 5000])
def test_forged_link_is_refused(client: FlaskClient, token: str) -> None:
    assert client.get(f"/reset-password/{token}").status_code == 400


def test_new_password_ends_every_session(alice: Person, visitor: Person) -> None:
    ask(visitor)

    set_password(visitor, link_path(alice.app, "password_reset", alice.email))

    assert alice.get("/account").status_code == 302


def test_new_password_voids_a_change_of_address(alice: Person, visitor: Person) -> None:
    alice.post("/account/email", email="mallory@example.com", current_password=PASSWORD)
    planted = link_path(alice.app, "verify_email", "mallory@example.com")
    ask(visitor)

    set_password(visitor, link_path(alice.app, "password_reset", alice.email))

    assert visitor.get(planted).status_code == 400
    assert can_log_in(alice.app, alice.email, NEW_PASSWORD)


def test_new_password_is_told_by_mail_and_proves_the_address(alice: Person, visitor: Person) -> None:
    ask(visitor)
    set_password(visitor, link_path(alice.app, "password_reset", alice.email))

    assert mails(alice.app, alice.email)[-1] == ("password_changed", alice.email)
    with alice.app.app_context():
        assert db.session.scalars(db.select(User.email_verified_at)).one() is not None


@pytest.mark.parametrize("password", ["", "short", "password1", "alice@example.com"])
def test_weak_password_shows_the_form_again_and_keeps_the_link(alice: Person, visitor: Person, password: str) -> None:
    ask(visitor)
    path = link_path(alice.app, "password_reset", alice.email)

    assert set_password(visitor, path, password).status_code == 422
    assert set_password(visitor, path).status_code == 303


def test_link_stands_on_the_sites_own_address_whatever_the_host_header(app: Flask) -> None:
    with app.test_request_context(headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"}):
        link = link_to("auth.reset_password", token="t")

    assert link == f"{app.extensions['settings'].site_url}/reset-password/t"


def test_page_with_the_token_tells_no_other_site(alice: Person, visitor: Person) -> None:
    ask(visitor)

    page = alice.app.test_client().get(link_path(alice.app, "password_reset", alice.email))

    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"


def test_asking_is_recorded_for_the_owner(alice: Person, visitor: Person) -> None:
    ask(visitor)

    with alice.app.app_context():
        kinds = db.session.scalars(db.select(SecurityEvent.kind).where(SecurityEvent.user_id == alice.id)).all()
    assert "reset_requested" in kinds


def test_links_last_as_long_as_they_say() -> None:
    assert Purpose.RESET_PASSWORD.value == timedelta(hours=1)
    assert Purpose.VERIFY_EMAIL.value == timedelta(days=3)


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c"])
def test_nonsense_address_shows_the_form_again(visitor: Person, email: str) -> None:
    assert ask(visitor, email).status_code == 422


def test_confirmed_address_keeps_its_date(alice: Person, visitor: Person) -> None:
    alice.get(link_path(alice.app, "verify_email", alice.email))
    with alice.app.app_context():
        before = db.session.scalars(db.select(User.email_verified_at)).one()
    ask(visitor)

    set_password(visitor, link_path(alice.app, "password_reset", alice.email))

    with alice.app.app_context():
        assert db.session.scalars(db.select(User.email_verified_at)).one() == before
