"""Signed-in browsers: rows that end, are found with one SELECT, and tell when they were last used."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.auth.models import User, UserSession
from app.auth.sessions import BRIEF, REMEMBERED
from app.database import db, utcnow
from tests.mail.mailbox import link_path
from tests.people import PASSWORD, Person

# A database that refuses to change a session, as a full or broken disk would.
NO_UPDATES = {
    "sqlite": "CREATE TRIGGER no_updates BEFORE UPDATE ON user_sessions BEGIN SELECT RAISE(ABORT, 'no'); END",
    "postgresql": "ALTER TABLE user_sessions ADD CONSTRAINT no_updates CHECK (last_used_at < created_at) NOT VALID",
}
UPDATES_AGAIN = {
    "sqlite": "DROP TRIGGER no_updates",
    "postgresql": "ALTER TABLE user_sessions DROP CONSTRAINT no_updates",
}


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """The SQL that runs inside, as it is sent."""
    seen: list[str] = []

    def note(connection, cursor, statement, *rest) -> None:  # type: ignore[no-untyped-def]
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def change_sessions(app: Flask, **values: object) -> None:
    with app.app_context():
        db.session.execute(db.update(UserSession).values(**values))
        db.session.commit()


def only_session(app: Flask) -> UserSession:
    with app.app_context():
        return db.session.scalars(db.select(UserSession)).one()


def test_signed_in_page_costs_one_select(alice: Person) -> None:
    with alice.app.app_context():
        db.session.execute(db.update(User).values(role="basic"))
        db.session.commit()

    # What is announced is looked up once in half a minute.
    alice.get("/dashboard/basic")
    with statements(alice.app) as seen:
        answer = alice.get("/dashboard/basic")

    # What the example product keeps is its own.
    of_the_frame = [one for one in seen if not one.startswith("BEGIN") and "FROM entries" not in one]
    assert answer.status_code == 200
    assert [statement.split()[0] for statement in of_the_frame] == ["SELECT"]


@pytest.mark.parametrize("path", ["/", "/pricing", "/terms", "/privacy"])
def test_anonymous_page_sets_no_cookie_and_asks_no_database(client: FlaskClient, path: str) -> None:
    with statements(client.application) as seen:
        answer = client.get(path)

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert seen == []


def test_session_past_its_end_is_signed_out(alice: Person) -> None:
    change_sessions(alice.app, expires_at=utcnow() - timedelta(seconds=1))

    assert alice.get("/account").status_code == 302


def test_deleted_session_is_signed_out(alice: Person) -> None:
    with alice.app.app_context():
        db.session.execute(db.delete(UserSession))
        db.session.commit()

    assert alice.get("/account").status_code == 302


def test_use_is_noted_after_five_minutes_and_moves_the_end(alice: Person) -> None:
    earlier = utcnow() - timedelta(hours=1)
    change_sessions(alice.app, last_used_at=earlier, expires_at=earlier + BRIEF.unused)

    alice.get("/dashboard")

    session = only_session(alice.app)
    assert session.last_used_at > earlier
    assert session.expires_at > earlier + BRIEF.unused


def test_use_within_five_minutes_writes_nothing(alice: Person) -> None:
    recently = utcnow() - timedelta(minutes=4)
    change_sessions(alice.app, last_used_at=recently)

    with statements(alice.app) as seen:
        alice.get("/dashboard")

    assert not any(statement.startswith("UPDATE") for statement in seen)
    assert only_session(alice.app).last_used_at == recently


def test_use_never_moves_the_end_past_the_longest_lifetime(alice: Person) -> None:
    created_at = utcnow() - BRIEF.longest + timedelta(minutes=1)
    change_sessions(alice.app, created_at=created_at, last_used_at=utcnow() - timedelta(hours=1))

    alice.get("/dashboard")

    assert only_session(alice.app).expires_at == created_at + BRIEF.longest


@pytest.mark.parametrize(("fields", "lifetime"), [({}, BRIEF), ({"remember": "y"}, REMEMBERED)])
def test_unused_session_ends_in_time(alice: Person, fields: dict[str, str], lifetime: object) -> None:
    alice.post("/logout")
    before = utcnow()

    alice.post("/login", page="/login", email=alice.email, password=PASSWORD, **fields)

    end: datetime = only_session(alice.app).expires_at
    assert timedelta() <= end - before - lifetime.unused < timedelta(minutes=1)  # type: ignore[attr-defined]


def test_cookie_holds_nothing_about_the_reader(alice: Person) -> None:
    with alice.client.session_transaction() as session:
        assert set(session) <= {"_user_id", "_permanent", "csrf_token"}
        assert session["_user_id"] == str(only_session(alice.app).id)


def test_forged_cookie_is_nobody(alice: Person) -> None:
    cookie = alice.client.get_cookie("session")
    assert cookie is not None
    alice.client.set_cookie("session", cookie.value[:-3] + "abc")

    assert alice.get("/account").status_code == 302


def test_session_id_that_is_none_is_nobody(alice: Person) -> None:
    with alice.client.session_transaction() as session:
        session["_user_id"] = "not a session"

    assert alice.get("/account").status_code == 302


def browser_of(alice: Person, restarted: Flask) -> Person:
    """Alice's browser as it was, on the site after a restart."""
    cookie = alice.client.get_cookie("session")
    assert cookie is not None
    client = restarted.test_client()
    client.set_cookie("session", cookie.value)
    return Person(restarted, client, alice.email)


def test_new_secret_key_logs_nobody_out(alice: Person, app_with: Callable[..., Flask]) -> None:
    old_key = alice.app.extensions["settings"].secret_keys[0]

    restarted = app_with(secret_key=f"{'n' * 40},{old_key}")

    assert browser_of(alice, restarted).get("/account").status_code == 200


def test_link_in_a_mail_survives_a_new_secret_key(alice: Person, app_with: Callable[..., Flask]) -> None:
    old_key = alice.app.extensions["settings"].secret_keys[0]
    path = link_path(alice.app, "verify_email", alice.email)

    restarted = app_with(secret_key=f"{'n' * 40},{old_key}")

    assert browser_of(alice, restarted).get(path).status_code == 303


@pytest.mark.parametrize(
    ("rotated", "status"), [(lambda old: f"{'n' * 40},{old}", 303), (lambda _old: "n" * 40, 400)], ids=["kept", "gone"]
)
def test_form_open_across_a_new_secret_key_is_taken(
    alice: Person, app_with: Callable[..., Flask], rotated: Callable[[str], str], status: int
) -> None:
    token = alice.csrf_token("/account")

    restarted = app_with(secret_key=rotated(alice.app.extensions["settings"].secret_keys[0]))
    answer = browser_of(alice, restarted).client.post("/logout", data={"csrf_token": token})

    assert answer.status_code == status


def test_new_forms_are_signed_with_the_new_secret_key(alice: Person, app_with: Callable[..., Flask]) -> None:
    old_key = alice.app.extensions["settings"].secret_keys[0]
    between = browser_of(alice, app_with(secret_key=f"{'n' * 40},{old_key}"))
    token = between.csrf_token("/account")

    answer = browser_of(between, app_with(secret_key="n" * 40)).client.post("/logout", data={"csrf_token": token})

    assert answer.status_code == 303


def test_withdrawn_secret_key_logs_everybody_out(alice: Person, app_with: Callable[..., Flask]) -> None:
    restarted = app_with(secret_key="n" * 40)

    assert browser_of(alice, restarted).get("/account").status_code == 302


def test_role_counts_from_the_next_request_on(alice: Person) -> None:
    assert alice.get("/dashboard/pro").status_code == 403
    with alice.app.app_context():
        db.session.execute(db.update(User).values(role="pro"))
        db.session.commit()

    assert alice.get("/dashboard/pro").status_code == 200


def test_logging_out_long_after_the_last_use_notes_nothing(alice: Person) -> None:
    token = alice.csrf_token("/account")
    change_sessions(alice.app, last_used_at=utcnow() - timedelta(hours=1))

    answer = alice.client.post("/logout", data={"csrf_token": token})

    assert answer.status_code == 303
    with alice.app.app_context():
        assert db.session.scalars(db.select(UserSession)).all() == []


def test_use_that_cannot_be_noted_spoils_no_page(alice: Person) -> None:
    change_sessions(alice.app, last_used_at=utcnow() - timedelta(hours=1))
    with alice.app.app_context():
        db.session.execute(db.text(NO_UPDATES[db.engine.dialect.name]))
        db.session.commit()

    try:
        assert alice.get("/dashboard").status_code == 200
    finally:
        with alice.app.app_context():
            db.session.execute(db.text(UPDATES_AGAIN[db.engine.dialect.name]))
            db.session.commit()


def test_lost_database_is_told_on_a_page_of_the_site(alice: Person, app_with: Callable[..., Flask]) -> None:
    cut_off = app_with(database_url="postgresql://127.0.0.1:9/gone")
    cut_off.config["PROPAGATE_EXCEPTIONS"] = False

    answer = browser_of(alice, cut_off).get("/account")

    assert answer.status_code == 503
    assert "<h1" in answer.text
