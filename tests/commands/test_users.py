"""`flask users …`."""

import pytest
from flask import Flask

from app.auth.models import User
from app.auth.passwords import verify_password
from app.database import db
from tests.commands.conftest import Run
from tests.people import PASSWORD, Person

TWICE = f"{PASSWORD}\n{PASSWORD}\n"


def find(email: str) -> User | None:
    return db.session.scalar(db.select(User).where(User.email == email))


def test_create_makes_a_user_who_can_log_in(app: Flask, run: Run) -> None:
    result = run("users", "create", "Carol@Example.com", piped=TWICE)

    assert result.exit_code == 0, result.output
    with app.app_context():
        carol = find("carol@example.com")
        assert carol is not None
        assert verify_password(carol.password_hash, PASSWORD)
        assert (carol.is_admin, carol.role) == (False, "free")
    assert PASSWORD not in result.output


def test_create_with_admin_makes_an_admin(app: Flask, run: Run) -> None:
    run("users", "create", "carol@example.com", "--admin", piped=TWICE)

    with app.app_context():
        carol = find("carol@example.com")
        assert carol is not None
        assert carol.is_admin


@pytest.mark.parametrize(
    ("email", "piped", "complaint"),
    [
        ("carol@example.com", f"{PASSWORD}\nsomething else entirely\n", "differ"),
        ("carol@example.com", f"{PASSWORD}\n", "differ"),
        ("carol@example.com", "", "No password"),
        ("carol@example.com", "short\nshort\n", "at least"),
        ("carol@example.com", "password123\npassword123\n", "first that attackers try"),
        ("not an address", TWICE, "not an e-mail address"),
    ],
)
def test_create_refuses_with_one_line(app: Flask, run: Run, email: str, piped: str, complaint: str) -> None:
    result = run("users", "create", email, piped=piped)

    assert result.exit_code == 1
    assert complaint in result.output
    assert len(result.output.strip().splitlines()) == 1
    with app.app_context():
        assert find("carol@example.com") is None


def test_create_refuses_a_taken_address(alice: Person, run: Run) -> None:
    result = run("users", "create", "ALICE@example.com", piped=TWICE)

    assert result.exit_code == 1
    assert "already has an account" in result.output


def test_promote_makes_an_admin_who_has_to_log_in_again(alice: Person, run: Run) -> None:
    result = run("users", "promote", "alice@example.com")

    assert result.exit_code == 0, result.output
    with alice.app.app_context():
        found = find("alice@example.com")
        assert found is not None
        assert found.is_admin
    assert alice.get("/account").status_code == 302


def test_promote_of_an_unknown_user_is_one_line(run: Run) -> None:
    result = run("users", "promote", "nobody@example.com")

    assert result.exit_code == 1
    assert result.output == "Error: No user has the address nobody@example.com.\n"


def test_logout_ends_every_session_of_this_user_alone(alice: Person, bob: Person, run: Run) -> None:
    result = run("users", "sign-out", alice.email)

    assert result.exit_code == 0, result.output
    assert alice.get("/account").status_code == 302
    assert bob.get("/account").status_code == 200


def test_suspend_shuts_out_until_it_is_lifted_and_says_why(alice: Person, run: Run) -> None:
    suspended = run("users", "suspend", alice.email, "--reason", "sends spam")
    shown = run("users", "show", alice.email)
    again = run("users", "suspend", alice.email, "--reason", "sends spam")

    assert suspended.output == "alice@example.com is suspended, and logged out everywhere.\n"
    assert "sends spam" in shown.output
    assert (again.exit_code, again.output) == (1, "Error: alice@example.com is suspended already.\n")
    assert alice.get("/account").status_code == 302
    assert run("users", "lift", alice.email).output == "alice@example.com can log in again.\n"
    assert run("users", "lift", alice.email).exit_code == 1


def test_suspend_needs_a_reason(alice: Person, run: Run) -> None:
    assert run("users", "suspend", alice.email).exit_code == 2
