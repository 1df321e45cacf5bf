"""What Sentry is told: that something failed, where, and for whom; nothing that anybody sent."""

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask

from app.security import content_security_policy
from tests.people import Person

pytestmark = pytest.mark.needs("app/sentry.py")


def fail() -> None:
    """What goes wrong in every page."""
    _ = 1 // 0


class Post(BaseHTTPRequestHandler):
    """Takes Sentry's envelopes."""

    taken: list[str] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_packed = self.headers["Content-Encoding"] == "gzip"
        self.taken.append((gzip.decompress(body) if is_packed else body).decode())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def sentry() -> Iterator[tuple[str, Callable[[], str]]]:
    """A DSN, and what has arrived there; at the end nothing is reported any more."""
    import sentry_sdk

    Post.taken.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Post)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()

    def arrived() -> str:
        sentry_sdk.flush()
        return "\n".join(Post.taken)

    yield f"http://public@127.0.0.1:{server.server_port}/1", arrived
    sentry_sdk.get_client().close()
    sentry_sdk.init()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_failed_page_is_reported_without_what_its_reader_sent(
    sentry: tuple[str, Callable[[], str]], app_with: Callable[..., Flask], app: Flask, alice: Person
) -> None:
    dsn, arrived = sentry
    site = app_with(sentry_dsn=dsn, app_env="development")
    site.before_request(fail)
    token = "what-a-client-of-alices-sends"

    answer = alice.on(site).client.get("/dashboard?q=private-words", headers={"Authorization": f"Bearer {token}"})

    report, cookie = arrived(), alice.client.get_cookie("session")
    assert answer.status_code == 500
    assert '"route":"/dashboard"' in report
    assert answer.headers["X-Request-ID"] in report
    assert "ZeroDivisionError" in report
    for secret in (token, "private", alice.email, cookie.value):
        assert secret not in report


def test_policy_for_browsers_is_the_same_with_it(app_with: Callable[..., Flask], app: Flask) -> None:
    settings = app.extensions["settings"]
    with_sentry = settings.model_copy(update={"sentry_dsn": "https://public@sentry.example.com/1"})

    assert content_security_policy(with_sentry) == content_security_policy(settings)
