"""Behind proxies: who the reader is, and by which address they came."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.config.settings import Settings
from app.proxies import client_network, init_doorway, plain_address, trust_proxies
from app.security import security_headers

SITE = {"base_url": "https://example.com", "trusted_proxies": 1}


def client_of(**settings: Any) -> FlaskClient:
    """A browser before a site that tells who is counted with whom."""
    app = Flask(__name__)
    init_doorway(app, Settings(**settings))
    trust_proxies(app, Settings(**settings))
    app.add_url_rule("/pricing", view_func=client_network, methods=["GET", "POST"])
    return app.test_client()


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:51234", "203.0.113.9"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ('"[2001:DB8::7]:443"', "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("unknown", ""),
        ("203.0.113.9:51234:1", ""),
    ],
)
def test_an_address_is_read_as_proxies_write_it(told, address):
    assert plain_address(told) == address


@pytest.mark.parametrize(
    ("told", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:51234", "192.0.2.1"),
        ("[2001:db8:1:2::7]:443", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::8", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::7", "2001:db8:1:3::/64"),
        ("hidden", "unknown"),
    ],
)
def test_a_network_is_counted_as_one_and_apart_from_others(told, network):
    assert client_of(**SITE).get("/pricing", headers={"X-Forwarded-For": told}).text == network


def test_limits_count_a_network_as_one(app, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    client = app.test_client()

    def forget(attempt: int) -> int:
        place = {"REMOTE_ADDR": f"2001:db8:1:2::{attempt}"}
        form = {"email": f"nobody{attempt}@example.com"}
        return client.post("/forgot-password", data=form, environ_overrides=place).status_code

    assert [forget(attempt) for attempt in range(11)] == [303] * 10 + [429]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_plain_http_is_sent_to_https(method):
    came = {"X-Forwarded-Proto": "http"}

    answer = client_of(**SITE).open("/pricing?interval=year", method=method, headers=came)

    assert (answer.status_code, answer.location) == (308, "https://example.com/pricing?interval=year")


@pytest.mark.parametrize(
    ("trusted", "headers"),
    [
        (1, {"X-Forwarded-Proto": "https"}),
        (1, {}),
        (2, {"X-Forwarded-Proto": "https"}),
        (0, {"X-Forwarded-Proto": "http"}),
    ],
)
def test_nobody_is_sent_round_in_circles(trusted, headers):
    client = client_of(base_url="https://example.com", trusted_proxies=trusted)

    assert client.get("/pricing", headers=headers).status_code == 200


def test_a_path_that_looks_like_a_host_stays_a_path():
    path = {"PATH_INFO": "//evil.example/\xc3\xa4"}

    answer = client_of(**SITE).get("/", headers={"X-Forwarded-Proto": "http"}, environ_overrides=path)

    assert answer.location == "https://example.com/evil.example/%C3%A4"


def test_script_name_of_the_server_begins_no_redirect(client):
    answer = client.get("/account", environ_overrides={"SCRIPT_NAME": "//evil.example"})

    assert answer.location.startswith("/login")


@pytest.mark.parametrize(
    ("base", "came_by"), [("http://127.0.0.1:5000", "localhost:5000"), ("http://localhost:5000", "127.0.0.1:5000")]
)
def test_in_development_one_machine_has_one_name(base, came_by):
    client = client_of(app_env="development", base_url=base)

    answer = client.get("/pricing?interval=year", headers={"Host": came_by})

    assert (answer.status_code, answer.location) == (307, f"{base}/pricing?interval=year")
    assert client.post("/pricing", headers={"Host": came_by}).status_code == 200


@pytest.mark.parametrize("came_by", ["127.0.0.1:5000", "localhost:8080", "name.tunnel.example", ""])
def test_who_comes_through_a_tunnel_stays_there(came_by):
    client = client_of(app_env="development", base_url="http://127.0.0.1:5000")

    assert client.get("/pricing", headers={"Host": came_by}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "policy"), [(False, "max-age=63072000"), (True, "max-age=63072000; includeSubDomains")]
)
def test_subdomains_are_bound_to_https_only_when_asked(asked, policy):
    headers = dict(security_headers(Settings(**SITE, hsts_include_subdomains=asked)))

    assert headers["Strict-Transport-Security"] == policy
