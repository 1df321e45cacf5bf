"""Step-up for who comes in with an account elsewhere and has nothing of their own here: a code by mail."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.database import db
from app.mail.outbox import OutboxMail
from tests.auth.test_step_up import forget_password, grow_old
from tests.mail.mailbox import mails
from tests.people import PASSWORD, Person

CONFIRM = "/account/security/confirm"


@pytest.fixture
def mike(alice: Person) -> Person:
    """Alice, who has no password and signed in a while ago."""
    forget_password(alice)
    grow_old(alice)
    return alice


def code_of(person: Person) -> str:
    with person.app.app_context():
        newest = db.select(OutboxMail).filter_by(template="confirmation_code").order_by(OutboxMail.created_at.desc())
        return str(db.session.scalars(newest).first().context["code"])  # type: ignore[union-attr]


def ask(person: Person, **fields: str) -> TestResponse:
    return person.post(f"{CONFIRM}/mail", **fields)


def answer(person: Person, code: str, **fields: str) -> TestResponse:
    return person.post(f"{CONFIRM}/mail/code", code=code, **fields)


def test_code_by_mail_confirms_and_leads_on(mike: Person) -> None:
    page = mike.get(f"{CONFIRM}?next=/account/export").text
    asked = ask(mike, next="/account/export")
    form = mike.get(asked.location).text
    code = code_of(mike)
    confirmed = answer(mike, f" {code[:4]} {code[4:]} ", next="/account/export")

    assert "Send me a code" in page
    assert re.fullmatch(r"\d{8}", code)
    assert asked.location == f"{CONFIRM}?next=/account/export"
    assert 'autocomplete="one-time-code"' in form and code not in form
    assert (confirmed.status_code, confirmed.location) == (303, "/account/export")
    assert mike.get("/account/export").status_code == 200


@pytest.mark.parametrize("code", ["", "00000000", "١٢٣٤٥٦٧٨", "🐎", "9" * 100])
def test_wrong_code_confirms_nothing(mike: Person, code: str) -> None:
    ask(mike)

    assert answer(mike, code).status_code == 422
    assert mike.get("/account/export").status_code == 302


def test_code_counts_once_and_in_the_browser_that_asked_for_it(mike: Person) -> None:
    other = Person(mike.app, mike.app.test_client(), mike.email)
    with mike.client.session_transaction() as cookie, other.client.session_transaction() as theirs:
        theirs.update(cookie)
    ask(mike)
    code = code_of(mike)

    elsewhere = answer(other, code).status_code
    first = answer(mike, code).status_code
    grow_old(mike)
    again = answer(mike, code).status_code

    assert (elsewhere, first, again) == (422, 303, 422)


def test_code_of_one_session_does_not_count_for_another(mike: Person, bob: Person) -> None:
    forget_password(bob)
    ask(mike)
    with mike.client.session_transaction() as cookie, bob.client.session_transaction() as bobs:
        bobs["confirmation_code"] = cookie["confirmation_code"]

    assert answer(bob, code_of(mike)).status_code == 422


def test_code_lasts_ten_minutes(mike: Person) -> None:
    ask(mike)
    with mike.client.session_transaction() as cookie:
        digest, at = cookie["confirmation_code"]
        cookie["confirmation_code"] = [digest, at - int(timedelta(minutes=10, seconds=1).total_seconds())]

    assert answer(mike, code_of(mike)).status_code == 422


def test_guessing_ends_soon(mike: Person) -> None:
    ask(mike)
    tries = [answer(mike, "00000000").status_code for _ in range(11)]

    assert tries == [422] * 10 + [429]


def test_so_many_mails_and_no_more(mike: Person) -> None:
    asked = [ask(mike).status_code for _ in range(7)]

    assert asked == [303] * 7
    assert mails(mike.app, mike.email).count(("confirmation_code", mike.email)) == 5


def test_who_has_a_password_gives_that(alice: Person) -> None:
    grow_old(alice)

    assert "Send me a code" not in alice.get(CONFIRM).text
    assert ask(alice).status_code == 404
    assert answer(alice, "00000000").status_code == 404


@pytest.mark.needs("app/auth/factors")
def test_who_has_a_factor_shows_that(mike: Person) -> None:
    from tests.auth.factors.phones import Phone

    ask(mike)
    code = code_of(mike)
    Phone.of(mike)

    assert "Send me a code" not in mike.get(CONFIRM).text
    assert ask(mike).status_code == 404
    assert answer(mike, code).status_code == 404


def test_signed_out_reader_is_led_to_log_in(app_with: Callable[..., Flask]) -> None:
    site = app_with()
    visitor = Person(site, site.test_client(), "")

    assert "/login" in (ask(visitor).location or "")


def test_password_is_set_after_the_code(mike: Person) -> None:
    ask(mike)
    answer(mike, code_of(mike))

    assert mike.post("/account/password", new_password=PASSWORD + "!").status_code == 303
