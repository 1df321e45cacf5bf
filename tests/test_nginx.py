"""The site behind a real nginx."""

import threading
from collections.abc import Callable, Iterator

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from app.auth.email_tokens import Purpose, make_token
from app.auth.models import User
from app.proxies import client_network
from tests.people import Person
from tests.servers.nginx import nginx

pytestmark = pytest.mark.slow


@pytest.fixture
def behind(app_with: Callable[..., Flask]) -> Iterator[Flask]:
    """The site as it is behind one proxy."""
    app = app_with(base_url="https://example.com", trusted_proxies=1)
    app.add_url_rule("/who", view_func=client_network)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    app.config["PORT_BEHIND"] = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield app
    server.shutdown()
    thread.join()
    server.server_close()


def test_site_behind_nginx_knows_who_asks_and_its_links_get_through(
    behind: Flask, alice: Person, user_of: Callable[[str], User]
) -> None:
    with behind.app_context():
        token = make_token(user_of(alice.email), Purpose.RESET_PASSWORD)

    with nginx(behind.config["PORT_BEHIND"]) as address:
        forged = {"X-Forwarded-For": "203.0.113.9", "SCRIPT_NAME": "//evil.example"}
        who = requests.get(f"{address}/who", headers=forged, timeout=10)
        link = requests.get(f"{address}/reset-password/{token}", timeout=10)
        away = requests.get(f"{address}/account", headers=forged, timeout=10, allow_redirects=False)

    assert who.text == "127.0.0.1"
    assert link.status_code == 200
    assert away.headers["Location"].startswith("/login")


def test_what_nginx_was_asked_without_encryption_is_sent_to_https(behind: Flask) -> None:
    with nginx(behind.config["PORT_BEHIND"], scheme="http") as address:
        answer = requests.get(f"{address}/pricing?interval=year", timeout=10, allow_redirects=False)

    assert (answer.status_code, answer.headers["Location"]) == (308, "https://example.com/pricing?interval=year")
