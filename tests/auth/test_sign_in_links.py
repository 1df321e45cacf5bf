"""Signing in with a link by mail, where the setting says so."""

from collections.abc import Callable

import pytest
from flask import Flask

from app.auth.models import User
from app.database import db
from tests.auth.test_races import at_once
from tests.mail.mailbox import link_path, mails
from tests.people import PASSWORD, Person


@pytest.fixture
def site(app_with: Callable[..., Flask]) -> Flask:
    return app_with(login_links=True)


@pytest.fixture
def visitor(site: Flask) -> Person:
    return Person(site, site.test_client(), "")


@pytest.fixture
def link(alice: Person, visitor: Person) -> str:
    """A link that alice has asked for."""
    visitor.post("/login/link", page="/login/link", email=alice.email)
    return link_path(alice.app, "sign_in_link", alice.email)


def test_button_under_the_link_signs_in_once(visitor: Person, link: str) -> None:
    first = visitor.post(link, page=link)
    signed_in = visitor.is_signed_in
    visitor.post("/logout")
    again = visitor.post(link)

    assert (first.status_code, first.location) == (303, "/dashboard")
    assert signed_in
    assert again.status_code == 400
    assert "This link no longer works" in again.text


def test_looking_at_the_link_signs_nobody_in(visitor: Person, link: str) -> None:
    page = visitor.get(link)
    visitor.client.head(link)

    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert not visitor.is_signed_in
    assert visitor.post(link, page=link).status_code == 303


def test_link_used_many_times_at_once_signs_in_once(site: Flask, link: str) -> None:
    people = [Person(site, site.test_client(), "") for _ in range(4)]
    forms = [(person, person.csrf_token()) for person in people]

    answers = at_once(*(lambda p=p, t=t: p.client.post(link, data={"csrf_token": t}) for p, t in forms))

    assert sorted(answer.status_code for answer in answers) == [303, 400, 400, 400]


@pytest.mark.needs("app/auth/factors")
def test_second_step_is_asked_for_after_a_link_too(alice: Person, visitor: Person, link: str) -> None:
    from tests.auth.factors.phones import Phone, second_step

    phone = Phone.of(alice)

    answer = visitor.post(link, page=link)

    assert answer.location == "/login/second-step"
    assert not visitor.is_signed_in
    assert second_step(visitor, phone.code()).status_code == 303


def test_mailbox_alone_opens_nothing_that_matters(visitor: Person, link: str) -> None:
    visitor.post(link, page=link)

    assert "/account/security/confirm" in visitor.get("/account/export").location


def test_new_password_ends_the_link(alice: Person, visitor: Person, link: str) -> None:
    alice.post("/account/password", current_password=PASSWORD, new_password="nine lives of a cat")

    assert visitor.post(link).status_code == 400


def test_answer_is_the_same_for_an_unknown_address(alice: Person, visitor: Person) -> None:
    before = mails(alice.app)

    known = visitor.post("/login/link", page="/login/link", email=alice.email)
    unknown = visitor.post("/login/link", page="/login/link", email="nobody@example.com")

    assert (known.status_code, known.location) == (unknown.status_code, unknown.location) == (303, "/login")
    assert mails(alice.app) == [*before, ("sign_in_link", alice.email)]


def test_form_comes_back_with_the_reason(visitor: Person) -> None:
    assert visitor.post("/login/link", page="/login/link", email="nonsense").status_code == 422


@pytest.mark.parametrize("path", ["/login/link", "/login/link/token"])
def test_there_is_no_such_page_where_the_setting_is_off(alice: Person, path: str) -> None:
    assert alice.get(path).status_code == 404
    assert "/login/link" not in Person(alice.app, alice.app.test_client(), "").get("/login").text


def test_link_to_set_a_password_is_no_link_to_log_in(alice: Person, visitor: Person) -> None:
    visitor.post("/forgot-password", page="/forgot-password", email=alice.email)
    token = link_path(alice.app, "password_reset", alice.email).rpartition("/")[2]

    assert visitor.post(f"/login/link/{token}").status_code == 400
    with alice.app.app_context():
        assert db.session.scalar(db.select(User.email_verified_at)) is None
