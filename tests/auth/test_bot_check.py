"""The bot check: off without its keys, asked where machines like to come, and no wall when nobody answers."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from flask import Flask

from tests.people import PASSWORD, Person

pytestmark = pytest.mark.needs("app/bot_check.py")
KEYS = {"bot_check": "turnstile", "bot_check_site_key": "site-key", "bot_check_secret_key": "secret-key"}
FIELD = "cf-turnstile-response"


class Verifier(BaseHTTPRequestHandler):
    """The provider's siteverify: one answer is right."""

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        is_right = sent == {"secret": ["secret-key"], "response": ["a person"]}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"success": is_right}).encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def checked(app_with: Callable[..., Flask]) -> Iterator[Person]:
    """A visitor of a site that asks."""
    server = HTTPServer(("127.0.0.1", 0), Verifier)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    site = app_with(**KEYS, bot_check_verify_url=f"http://127.0.0.1:{server.server_port}/")
    yield Person(site, site.test_client(), "")
    server.shutdown()
    thread.join()
    server.server_close()


def send(visitor: Person, path: str, **fields: Any) -> int:
    return visitor.post(path, page=path, email="carol@example.com", password=PASSWORD, **fields).status_code


@pytest.mark.parametrize("path", ["/signup", "/forgot-password"])
@pytest.mark.parametrize(("answer", "code"), [({}, 422), ({FIELD: "made up"}, 422), ({FIELD: "a person"}, 303)])
def test_form_goes_on_with_a_right_answer_alone(checked: Person, path: str, answer: dict[str, str], code: int) -> None:
    assert send(checked, path, **answer) == code


def test_right_password_without_an_answer_signs_nobody_in(checked: Person, alice: Person) -> None:
    fields = {"email": alice.email, "password": PASSWORD}

    codes = [checked.post("/login", page="/login", **fields, **more).status_code for more in ({}, {FIELD: "a person"})]

    assert codes == [422, 303]


def test_page_shows_the_question_and_the_policy_allows_it(checked: Person) -> None:
    page = checked.get("/login")

    assert 'data-sitekey="site-key"' in page.text
    assert "script-src 'self' https://challenges.cloudflare.com" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/login", "/signup", "/forgot-password"])
def test_without_keys_nothing_is_loaded_or_asked(app: Flask, path: str) -> None:
    page = app.test_client().get(path)

    assert "data-sitekey" not in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]


def test_everybody_is_let_through_when_nobody_answers(
    app_with: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    site = app_with(**KEYS, bot_check_verify_url="http://127.0.0.1:1")

    assert send(Person(site, site.test_client(), ""), "/signup", **{FIELD: "anything"}) == 303
    assert "The bot check did not answer" in caplog.text
    assert "secret-key" not in caplog.text
