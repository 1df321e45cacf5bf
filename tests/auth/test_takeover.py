"""What an owner hears of, and can undo, when somebody else got in; and how little that somebody can send around."""

from datetime import timedelta

import pytest
from flask import Flask

from app.auth.models import User, UserSession
from app.auth.sessions import MOST_SESSIONS
from app.database import db, utcnow
from app.mail.outbox import OutboxMail
from tests.mail.mailbox import link_path, mails
from tests.people import PASSWORD, Person

THEIRS = "mallory@example.net"


def browser(app: Flask) -> Person:
    return Person(app, app.test_client(), "")


def log_in(person: Person, email: str = "alice@example.com", password: str = PASSWORD) -> int:
    return person.post("/login", page="/login", email=email, password=password).status_code


def change_address(person: Person, email: str) -> int:
    return person.post("/account/email", email=email, current_password=PASSWORD).status_code


def make_older(app: Flask, **columns: timedelta) -> None:
    """Move moments of every user's row into the past."""
    with app.app_context():
        db.session.execute(db.update(User).values({name: utcnow() - age for name, age in columns.items()}))
        db.session.commit()


@pytest.fixture
def stolen(alice: Person) -> Person:
    """Alice's account after somebody with her password has moved it to an address of theirs."""
    change_address(alice, THEIRS)
    alice.get(link_path(alice.app, "verify_email", THEIRS))
    return alice


def test_a_user_has_so_many_sessions_and_no_more(alice: Person) -> None:
    long_ago = utcnow() - timedelta(days=1)
    with alice.app.app_context():
        user_id = alice.id
        db.session.execute(db.update(UserSession).values(last_used_at=long_ago - timedelta(days=1)))
        ends = utcnow() + timedelta(days=9)
        db.session.add_all(
            UserSession(user_id=user_id, last_used_at=long_ago, expires_at=ends) for _ in range(MOST_SESSIONS - 1)
        )
        db.session.commit()

    log_in(browser(alice.app))

    with alice.app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(UserSession)) == MOST_SESSIONS
    assert alice.get("/account").status_code == 302


def test_sign_in_from_a_new_device_is_told_by_mail_once(alice: Person) -> None:
    make_older(alice.app, created_at=timedelta(days=2))
    stranger = browser(alice.app)

    log_in(stranger)
    stranger.post("/logout")
    log_in(stranger)

    assert mails(alice.app, alice.email).count(("new_device", alice.email)) == 1


def test_new_device_of_an_account_that_was_made_just_now_is_not_news(alice: Person) -> None:
    log_in(browser(alice.app))

    assert ("new_device", alice.email) not in mails(alice.app)


def test_changing_the_address_again_and_again_sends_few_mails(alice: Person) -> None:
    codes = [change_address(alice, f"stranger{n % 2}@example.net") for n in range(9)]

    assert codes == [303] * 5 + [429] * 4
    assert len([mail for mail in mails(alice.app) if "stranger" in mail[1]]) == 5


def test_many_accounts_send_few_mails_to_one_stranger(alice: Person, bob: Person) -> None:
    codes = [change_address(person, "stranger@example.net") for person in (alice, bob) for _ in range(3)]

    assert codes == [303] * 5 + [429]


@pytest.mark.needs("app/auth/factors")
def test_old_address_can_undo_the_change(stolen: Person) -> None:
    from app.auth.factors.models import Passkey

    user_id, owner = stolen_id(stolen), browser(stolen.app)
    with stolen.app.app_context():
        ages = {"the owner's": timedelta(days=30), "the thief's": timedelta(hours=1)}
        db.session.add_all(
            Passkey(
                user_id=user_id,
                name=name,
                credential_id=name.encode(),
                public_key=b"k",
                sign_count=0,
                created_at=utcnow() - age,
            )
            for name, age in ages.items()
        )
        db.session.commit()
    path = link_path(stolen.app, "email_changed", "alice@example.com")

    page = owner.get(path)
    answer = owner.post(path, page="/login")
    reset = owner.post(answer.location or "", page="/login", password="nine lives of a cat")

    assert page.status_code == 200 and "alice@example.com" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert answer.status_code == 303 and "/reset-password/" in (answer.location or "")
    assert reset.status_code == 303
    assert stolen.get("/account").status_code == 302
    assert log_in(browser(stolen.app), THEIRS) == 422
    assert log_in(browser(stolen.app)) == 422
    assert log_in(owner, "alice@example.com", "nine lives of a cat") == 303
    with stolen.app.app_context():
        assert db.session.get(User, user_id).email == "alice@example.com"
        assert db.session.scalars(db.select(Passkey.name)).all() == ["the owner's"]


def stolen_id(person: Person) -> object:
    with person.app.app_context():
        return db.session.scalars(db.select(User.id)).one()


def test_undoing_works_once_and_after_another_change_too(stolen: Person) -> None:
    path = link_path(stolen.app, "email_changed", "alice@example.com")
    change_address(stolen, "another@example.net")
    stolen.get(link_path(stolen.app, "verify_email", "another@example.net"))

    codes = [browser(stolen.app).post(path, page="/login").status_code for _ in range(2)]

    assert codes == [303, 400]
    with stolen.app.app_context():
        told = db.session.scalars(db.select(OutboxMail).filter_by(template="email_changed", to_email=THEIRS)).one()
    assert "url" not in told.context
    assert told.context["new_email"] == "another@example.net"


def test_change_of_a_week_ago_stands_and_the_next_one_can_be_undone(stolen: Person) -> None:
    make_older(stolen.app, email_changed_at=timedelta(days=8))
    change_address(stolen, "alice@example.org")
    stolen.get(link_path(stolen.app, "verify_email", "alice@example.org"))

    with stolen.app.app_context():
        told = db.session.scalars(db.select(OutboxMail).filter_by(template="email_changed", to_email=THEIRS)).one()
        assert "url" in told.context
        assert db.session.scalars(db.select(User.previous_email)).one() == THEIRS


def test_address_that_can_be_taken_back_is_given_to_nobody_else(stolen: Person, bob: Person) -> None:
    thief = browser(stolen.app)

    assert thief.post("/signup", page="/signup", email="alice@example.com", password=PASSWORD).status_code == 422
    change_address(bob, "alice@example.com")
    bob.get(link_path(bob.app, "verify_email", "alice@example.com"))
    assert "another account has it" in bob.get("/account").text


def test_operator_gives_it_to_nobody_else_either(stolen: Person, bob: Person) -> None:
    answer = stolen.app.test_cli_runner().invoke(args=["users", "set-email", bob.email, "alice@example.com"])

    assert answer.exit_code == 1
    assert "alice@example.com" in answer.output


def test_after_a_week_the_address_is_free_and_the_link_is_dead(stolen: Person) -> None:
    path = link_path(stolen.app, "email_changed", "alice@example.com")
    make_older(stolen.app, email_changed_at=timedelta(days=8))
    owner = browser(stolen.app)

    assert owner.post(path, page="/login").status_code == 400
    assert owner.post("/signup", page="/signup", email="alice@example.com", password=PASSWORD).status_code == 303


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00"])
def test_forged_link_undoes_nothing(app: Flask, token: str) -> None:
    assert app.test_client().get(f"/undo-email-change/{token}").status_code == 400
