"""Which passwords may be chosen: NIST SP 800-63B-4."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from flask import Flask

from app.auth.password_rules import BREACHED, LONGEST, TOO_CLOSE, TOO_COMMON, TOO_LONG, TOO_SHORT, password_problem


def problem(app: Flask, password: str, email: str = "alice.smith@garden.example") -> str | None:
    with app.app_context():
        return password_problem(password, email)


@pytest.mark.parametrize("password", ["", "1234567", "pässwö7"])
def test_short_password_is_refused(app: Flask, password: str) -> None:
    assert problem(app, password) == TOO_SHORT


@pytest.mark.parametrize(
    "password",
    [
        *("password", "Password", "12345678", "qwertyuiop", "iloveyou1", "aaaaaaaaaa"),
        # Stored as `password`, whatever keyboard it came from.
        "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44",
        *("Password1!", "Welcome1!", "dragon_2026!!", "1234567890123", "0987654321098"),
    ],
)
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


BREACHED_PASSWORD, PADDING = "kept by the milkman", "padding only, says the answer"


class PwnedPasswords(BaseHTTPRequestHandler):
    """Have I Been Pwned's range: what it was asked is kept on the server."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Add-Padding"]))  # type: ignore[attr-defined]
        lines = [f"{sha1(BREACHED_PASSWORD)[5:]}:3", f"{sha1(PADDING)[5:]}:0", f"{'0' * 35}:12"]
        self.send_response(200)
        self.end_headers()
        self.wfile.write("\r\n".join(lines).encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest().upper()


@pytest.fixture
def pwned() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), PwnedPasswords)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_breached_password_is_refused_and_only_five_digits_of_it_leave(
    app_with: Callable[..., Flask], pwned: HTTPServer
) -> None:
    site = app_with(pwned_passwords_check=True, pwned_passwords_api=f"http://127.0.0.1:{pwned.server_port}")

    found = [problem(site, text) for text in (BREACHED_PASSWORD, PADDING, "correct horse battery")]

    assert found == [BREACHED, None, None]
    assert pwned.asked[0] == (f"/range/{sha1(BREACHED_PASSWORD)[:5]}", "true")  # type: ignore[attr-defined]


def test_nobody_is_asked_unless_the_settings_say_so(app_with: Callable[..., Flask], pwned: HTTPServer) -> None:
    site = app_with(pwned_passwords_api=f"http://127.0.0.1:{pwned.server_port}")

    assert problem(site, BREACHED_PASSWORD) is None
    assert pwned.asked == []  # type: ignore[attr-defined]


def test_password_is_let_through_when_nobody_answers(
    app_with: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    site = app_with(pwned_passwords_check=True, pwned_passwords_api="http://127.0.0.1:1")

    assert problem(site, BREACHED_PASSWORD) is None
    assert "Breached passwords could not be asked for" in caplog.text
    assert BREACHED_PASSWORD not in caplog.text
