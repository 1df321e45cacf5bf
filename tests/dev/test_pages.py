"""Pages for development alone."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from stripe_emulator import Emulator

from app.database import db, utcnow
from app.mail.outbox import OutboxMail
from app.templating import day
from tests.people import Person

PATHS = ["/dev/components", "/dev/mail", "/dev/setup"]


@pytest.fixture
def in_production(app_with: Callable[..., Flask]) -> FlaskClient:
    return app_with(
        app_env="production",
        base_url="https://shop.example",
        secret_key="s" * 40,
        allow_sqlite_in_production=True,
        stripe_secret_key="sk_live_x",
        stripe_publishable_key="pk_live_x",
        stripe_webhook_secret="whsec_x",
        stripe_api_base="",
    ).test_client()


@pytest.fixture
def in_development(app_with: Callable[..., Flask]) -> Flask:
    """The site as `make run` starts it, with no emulator beside it."""
    return app_with(app_env="development", stripe_secret_key="", stripe_api_base="", emulator_port=1)


@pytest.mark.parametrize("path", PATHS)
def test_page_is_absent_in_production(in_production: FlaskClient, path: str) -> None:
    assert in_production.get(path).status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_page_is_there_in_development(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_mail_can_be_read_as_text_and_as_html(alice: Person) -> None:
    page = alice.get("/dev/mail").text
    address = page.split('src="/dev/mail/', 1)[1].split('"', 1)[0]

    html = alice.get(f"/dev/mail/{address}")

    assert "Confirm your address" in page
    assert "/verify-email/" in page
    assert html.status_code == 200
    assert "default-src &#39;none&#39;".replace("&#39;", "'") in html.headers["Content-Security-Policy"]


def test_mail_that_was_emptied_is_left_out(alice: Person) -> None:
    with alice.app.app_context():
        db.session.execute(db.update(OutboxMail).values(context={}, to_email=""))
        db.session.commit()

    page = alice.get("/dev/mail")

    assert (page.status_code, "No mail yet" in page.text) == (200, True)


def test_unknown_mail_is_404(client: FlaskClient) -> None:
    assert client.get("/dev/mail/00000000-0000-0000-0000-000000000000").status_code == 404


def test_cookie_is_bound_to_the_host_and_to_https_in_production(in_production: FlaskClient) -> None:
    cookie = in_production.get("/login", base_url="https://shop.example").headers["Set-Cookie"]

    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("address", "host"),
    [("192.0.2.7", "127.0.0.1:5000"), ("127.0.0.1", "rebound.example.com"), ("127.0.0.1", "192.0.2.7:5000")],
)
def test_other_machines_and_other_hosts_see_nothing(client, path, address, host):
    answer = client.get(path, headers={"Host": host}, environ_base={"REMOTE_ADDR": address})

    assert answer.status_code == 404


def test_setup_tells_what_is_missing_and_how_to_get_it(alice: Person) -> None:
    without = alice.read("/dev/setup")
    alice.become_admin()

    assert "flask users create" not in alice.read("/dev/setup")
    assert "An admin Still to do" in without
    assert "flask users create you@example.com --admin" in without
    assert "STRIPE_SECRET_KEY=" in without


def test_setup_is_where_one_looks_first_and_lives_under_dev(client: FlaskClient, in_production: FlaskClient) -> None:
    assert client.get("/setup").location == "/dev/setup"
    assert in_production.get("/setup", base_url="https://shop.example").status_code == 404


def test_strip_stands_above_every_page_of_development_and_leads_on(in_development: Flask) -> None:
    alice = Person.sign_up(in_development, "alice@example.com")

    pages = [alice.get(path).text for path in ("/", "/pricing", "/dashboard", "/account", "/nothing-here")]

    for page in pages:
        strip = page.split('<aside class="strip"', 1)[1].split("</aside>", 1)[0]
        assert {"/dev/mail", "/dev/components", "/dev/setup"} <= set(re.findall(r'href="([^"]+)"', strip))
        assert "/dashboard/time" in strip
        assert "flask users promote alice@example.com" in strip
        assert "Mail (1 new)" in strip


def test_mail_is_new_until_it_was_looked_at(in_development: Flask) -> None:
    alice = Person.sign_up(in_development, "alice@example.com")

    first, second = alice.get("/dev/mail").text, alice.get("/dev/mail").text

    assert (">New<" in first, ">New<" in second) == (True, False)
    assert "new)" not in alice.get("/").text


def test_strip_tells_that_the_emulators_clock_was_moved(emulator: Emulator, app_with: Callable[..., Flask]) -> None:
    site = app_with(app_env="development", stripe_secret_key="", stripe_api_base=emulator.url).test_client()
    before = site.get("/").text

    emulator.advance(days=31)

    assert "moved to" not in before
    assert f"Clock, moved to {day(utcnow() + timedelta(days=31))}" in site.get("/").text


def test_page_is_shown_while_no_emulator_answers(in_development: Flask) -> None:
    page = in_development.test_client().get("/")

    assert page.status_code == 200
    assert "moved to" not in page.text
