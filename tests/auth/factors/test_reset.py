"""Who has lost every factor: the operator's way, with a waiting time in which the owner can say no."""

from datetime import timedelta

import pytest
from flask import Flask

from app.audit import OperatorAct
from app.auth.factors.models import FactorReset
from app.database import db, utcnow
from tests.auth.factors.phones import Phone, logging_in, second_step
from tests.auth.factors.soft_keys import SoftKey, options_on
from tests.mail.mailbox import mails
from tests.people import Person


def ask(app: Flask, *arguments: str):  # type: ignore[no-untyped-def]
    return app.test_cli_runner().invoke(args=["users", "reset-factors", *arguments])


def let_the_time_pass(app: Flask) -> None:
    with app.app_context():
        db.session.execute(db.update(FactorReset).values(due_at=utcnow() - timedelta(seconds=1)))
        db.session.commit()


@pytest.fixture
def phone(alice: Person) -> Phone:
    return Phone.of(alice)


def test_factors_go_after_the_waiting_time_and_the_owner_is_told_twice(alice: Person, phone: Phone) -> None:
    told = ask(alice.app, alice.email)
    waiting = logging_in(alice)
    let_the_time_pass(alice.app)
    later = logging_in(alice)

    assert told.exit_code == 0
    assert "is told by mail" in told.output
    assert not waiting.is_signed_in
    assert later.is_signed_in
    assert mails(alice.app, alice.email)[1:] == [("factor_reset_asked", alice.email), ("sign_in_changed", alice.email)]


def test_asking_again_neither_shortens_nor_prolongs_the_time(alice: Person, phone: Phone) -> None:
    first, second = ask(alice.app, alice.email).output, ask(alice.app, alice.email).output

    assert first == second
    assert len(mails(alice.app, alice.email)) == 2


def test_logging_in_with_a_factor_stops_it(alice: Person, phone: Phone) -> None:
    ask(alice.app, alice.email)

    second_step(logging_in(alice), phone.code())
    with alice.app.app_context():
        kept = db.session.get(FactorReset, alice.id)

    assert kept is None


def test_logging_in_with_a_passkey_alone_stops_it_too(alice: Person, app: Flask) -> None:
    key, visitor = SoftKey.of(alice), Person(app, app.test_client(), "")
    ask(app, alice.email)

    visitor.post("/login/passkey", credential=key.get(options_on(visitor, "/login")))
    with app.app_context():
        kept = db.session.get(FactorReset, alice.id)

    assert visitor.is_signed_in
    assert kept is None


def test_owner_who_is_signed_in_says_no(alice: Person, phone: Phone) -> None:
    ask(alice.app, alice.email)
    page = alice.get("/account/security").text

    answer = alice.post("/account/security/keep-factors")
    with alice.app.app_context():
        kept = db.session.get(FactorReset, alice.id)

    assert "Your second factors are to be removed" in page
    assert (answer.status_code, answer.location) == (303, "/account/security")
    assert kept is None
    assert logging_in(alice).answer.location == "/login/second-step"  # type: ignore[attr-defined]


def test_operator_takes_it_back(alice: Person, phone: Phone) -> None:
    ask(alice.app, alice.email)

    assert "stay" in ask(alice.app, alice.email, "--cancel").output
    assert "Nothing was asked" in ask(alice.app, alice.email, "--cancel").output


def test_nothing_is_removed_where_there_is_nothing(alice: Person) -> None:
    answer = ask(alice.app, alice.email)

    assert answer.exit_code == 1
    assert "has no second factor" in answer.output


def test_both_are_acts_of_the_operators(alice: Person, phone: Phone) -> None:
    ask(alice.app, alice.email, "--reason", "lost in the sea")
    ask(alice.app, alice.email, "--cancel")

    with alice.app.app_context():
        acts = db.session.execute(
            db.select(OperatorAct.kind, OperatorAct.user_id, OperatorAct.reason).order_by(OperatorAct.id)
        ).all()
    assert acts == [("reset_factors", alice.id, "lost in the sea"), ("keep_factors", alice.id, "")]
