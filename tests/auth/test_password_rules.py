"""Which passwords may be chosen: NIST SP 800-63B-4."""

import pytest
from flask import Flask

from app.auth.password_rules import LONGEST, TOO_CLOSE, TOO_COMMON, TOO_LONG, TOO_SHORT, password_problem


def problem(app: Flask, password: str, email: str = "alice.smith@garden.example") -> str | None:
    with app.app_context():
        return password_problem(password, email)


@pytest.mark.parametrize("password", ["", "1234567", "pässwö7"])
def test_short_password_is_refused(app: Flask, password: str) -> None:
    assert problem(app, password) == TOO_SHORT


@pytest.mark.parametrize("password", ["password", "Password", "12345678", "qwertyuiop", "iloveyou1", "aaaaaaaaaa"])
def test_common_password_is_refused(app: Flask, password: str) -> None:
    assert problem(app, password) == TOO_COMMON


@pytest.mark.parametrize(
    "password",
    [
        "alice.smith",
        "ALICE.SMITH",
        "alice.smith2026!",
        "alice.smith@garden.example",
        "Perennial",
        "perennial123",
        "gardengarden",
    ],
)
def test_password_made_from_the_address_or_the_name_is_refused(app: Flask, password: str) -> None:
    assert problem(app, password) == TOO_CLOSE


@pytest.mark.parametrize(
    "password",
    [
        "lowercaseonly",
        "8492016375",
        "!!??!!??..",
        "correct horse battery",
        "\u0434\u043e\u043c \u0443 \u043c\u043e\u0440\u044f",
        "🌱🌱 grow 🌱",
        "a" * 7 + "b",
        "x y" * 40,
    ],
)
def test_nothing_is_asked_of_the_composition(app: Flask, password: str) -> None:
    assert problem(app, password) is None


def test_long_passwords_are_fine_up_to_a_bound(app: Flask) -> None:
    assert problem(app, "ab" * (LONGEST // 2)) is None
    assert problem(app, "ab" * (LONGEST // 2) + "c") == TOO_LONG
