"""The same thing at the same time: one effect, and never a 500."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from flask import Flask
from werkzeug.test import TestResponse

from app.auth.models import User, UserSession
from app.database import db, utcnow
from tests.mail.mailbox import link_path
from tests.people import PASSWORD, Person

AT_ONCE = 6


def at_once(*sends: Callable[[], TestResponse]) -> list[TestResponse]:
    """What each is answered when all are sent in the same moment."""
    barrier = Barrier(len(sends))

    def wait_and_send(send: Callable[[], TestResponse]) -> TestResponse:
        barrier.wait()
        return send()

    with ThreadPoolExecutor(len(sends)) as threads:
        return list(threads.map(wait_and_send, sends))


def form(app: Flask, page: str, path: str, **fields: str) -> Callable[[], TestResponse]:
    """A form that is filled in already, in a browser of its own."""
    browser = Person(app, app.test_client(), "")
    token = browser.csrf_token(page)
    return lambda: browser.client.post(path, data={"csrf_token": token, **fields})


def test_address_signed_up_many_times_at_once_is_one_account(app: Flask) -> None:
    fields = {"email": "carol@example.com", "password": PASSWORD}

    answers = at_once(*(form(app, "/signup", "/signup", **fields) for _ in range(AT_ONCE)))

    assert sorted(answer.status_code for answer in answers) == [303] + [422] * (AT_ONCE - 1)
    with app.app_context():
        assert db.session.scalars(db.select(User.email)).all() == ["carol@example.com"]


def test_link_used_many_times_at_once_works_once(alice: Person) -> None:
    form(alice.app, "/forgot-password", "/forgot-password", email=alice.email)()
    path = link_path(alice.app, "password_reset", alice.email)

    answers = at_once(
        *(form(alice.app, "/login", path, password=f"a new password {number}") for number in range(AT_ONCE))
    )

    assert sorted(answer.status_code for answer in answers) == [303] + [400] * (AT_ONCE - 1)


def test_one_user_signs_in_from_many_browsers_at_once(alice: Person) -> None:
    fields = {"email": alice.email, "password": PASSWORD}

    answers = at_once(*(form(alice.app, "/login", "/login", **fields) for _ in range(AT_ONCE)))

    assert {answer.status_code for answer in answers} == {303}
    with alice.app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(UserSession)) == AT_ONCE + 1


def test_pages_read_at_once_note_their_use_without_waiting_for_each_other(alice: Person) -> None:
    earlier = utcnow() - timedelta(hours=1)
    with alice.app.app_context():
        db.session.execute(db.update(UserSession).values(last_used_at=earlier))
        db.session.commit()
    cookie = alice.client.get_cookie("session")
    assert cookie is not None

    def read() -> TestResponse:
        client = alice.app.test_client()
        client.set_cookie("session", cookie.value)
        return client.get("/dashboard")

    answers = at_once(*([read] * AT_ONCE))

    assert {answer.status_code for answer in answers} == {200}
    with alice.app.app_context():
        assert db.session.scalars(db.select(UserSession.last_used_at)).one() > earlier


def test_account_deleted_while_it_signs_in_leaves_nobody_signed_in(alice: Person) -> None:
    token = alice.csrf_token("/account/delete")
    fields = {"email": alice.email, "password": PASSWORD}

    def delete() -> TestResponse:
        return alice.client.post("/account/delete", data={"csrf_token": token, "current_password": PASSWORD})

    answers = at_once(delete, *(form(alice.app, "/login", "/login", **fields) for _ in range(AT_ONCE - 1)))

    assert {answer.status_code for answer in answers} <= {303, 422}
    with alice.app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(UserSession)) == 0
