"""`flask billing check`: what surrounds the site, asked through its public address."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr
from stripe_emulator import Emulator
from werkzeug.serving import make_server

from app import jobs
from app.chores import Chore
from app.database import db, utcnow
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.mail.smtp_server import SmtpServer

pytestmark = [pytest.mark.usefixtures("catalogue"), pytest.mark.slow]


@contextmanager
def served_behind(app: Flask, proxies: tuple[str, ...], *, waits_for_bodies: bool) -> Iterator[None]:
    """The site at its address, with proxies in front that add whom they heard, and may wait for bodies."""

    def front(environ: dict[str, Any], start_response: Any) -> Any:
        if waits_for_bodies:
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        given = environ.get("HTTP_X_FORWARDED_FOR", "")
        environ["HTTP_X_FORWARDED_FOR"] = ", ".join(filter(None, [given, *proxies]))
        return app(environ, start_response)

    server = make_server("127.0.0.1", app.extensions["settings"].port, front, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def checked(app: Flask, *options: str) -> dict[str, str]:
    """Each point's mark and detail, by its name."""
    output = app.test_cli_runner().invoke(args=["billing", "check", "--json", *options]).stdout
    return {one["point"]: f"{one['mark']} {one['detail']}".strip() for one in json.loads(output)}


@pytest.fixture
def mail_server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.mark.parametrize(
    ("trusted", "proxies", "said"),
    [
        (0, (), "ok"),
        (1, ("198.51.100.4",), "ok"),
        (2, ("[2001:db8::1]:443", "198.51.100.4:8080"), "ok"),
        (0, ("198.51.100.4",), "later it is 0, and there are 1: all clients share one limit"),
        (1, (), "later it is 1, and there are 0: anybody can choose the address that limits count"),
    ],
)
def test_check_counts_the_proxies_in_front(app_with: Callable[..., Flask], trusted, proxies, said) -> None:
    site = app_with(trusted_proxies=trusted)

    with served_behind(site, proxies, waits_for_bodies=True):
        points = checked(site)

    assert points["TRUSTED_PROXIES is right"] == said
    assert points["a proxy waits for slow bodies"] == "ok"


def test_check_sees_that_slow_senders_hold_workers(app: Flask) -> None:
    with served_behind(app, (), waits_for_bodies=False):
        points = checked(app)

    assert points["a proxy waits for slow bodies"].startswith("later slow senders hold workers")


def test_check_tells_when_the_public_address_leads_nowhere(app: Flask) -> None:
    points = checked(app, "--deliver")

    assert points["the site answers at BASE_URL"].startswith("later http://127.0.0.1:")
    assert points["a signed event arrives"].startswith("FAIL http://127.0.0.1:")


def test_a_stranger_is_not_told_how_questions_arrive(site: str) -> None:
    connection = HTTPConnection(site.removeprefix("http://"))
    connection.request("POST", "/healthz/arrival", b"{}", {"Authorization": "Bearer guessed"})

    assert connection.getresponse().status == 404


def test_a_signed_event_goes_all_the_way(site: str, app: Flask) -> None:
    points = checked(app, "--deliver")

    assert points["a signed event arrives"] == "ok"


def test_a_secret_that_the_site_does_not_know_is_seen(site: str, app_with: Callable[..., Flask]) -> None:
    points = checked(app_with(stripe_webhook_secret="whsec_another"), "--deliver")

    assert points["a signed event arrives"].endswith("/webhooks/stripe answers 400")


def test_a_mail_is_written_and_sent_when_asked_for(app_with: Callable[..., Flask], mail_server: SmtpServer) -> None:
    mailing = app_with(mail_url=f"smtp://127.0.0.1:{mail_server.port}", mail_from="Acme <hello@acme.example>")
    written = checked(mailing)

    sent = checked(mailing, "--mail", "olga@example.com")

    assert written["a mail can be written"] == "ok"
    assert sent["a mail to olga@example.com is sent"] == "ok"
    assert len(mail_server.mails) == 1


def test_a_night_that_was_missed_is_seen(app: Flask) -> None:
    assert checked(app)["the night's work is done"].startswith("later it has not been yet")

    for hours, said in ((27, "FAIL last on "), (0, "ok")):
        with app.app_context():
            db.session.merge(Chore(name=jobs.NIGHT, done_at=utcnow() - timedelta(hours=hours), result={"checked": 1}))
            db.session.commit()
        assert checked(app)["the night's work is done"].startswith(said)


@pytest.mark.parametrize(("ahead", "said"), [(0, "ok"), (-600, "FAIL Stripe's differs by "), (600, "FAIL Stripe's ")])
def test_a_clock_that_goes_wrong_is_seen(
    app_with: Callable[..., Flask], emulator: Emulator, ahead: int, said: str
) -> None:
    with MisbehavingStripe(emulator.url) as stripe:
        stripe.seconds_ahead = ahead
        assert checked(app_with(stripe_api_base=stripe.url))["this clock is right"].startswith(said)


@pytest.mark.parametrize(("url", "said"), [("", "later REDIS_URL is empty"), ("redis://127.0.0.1:1/0", "FAIL")])
def test_redis_is_asked(app: Flask, monkeypatch: pytest.MonkeyPatch, url: str, said: str) -> None:
    changed = app.extensions["settings"].model_copy(update={"redis_url": SecretStr(url)})
    monkeypatch.setitem(app.extensions, "settings", changed)

    assert checked(app)["Redis answers"].startswith(said)
