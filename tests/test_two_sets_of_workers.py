"""Two sets of workers on one PostgreSQL and one Redis are one site, also while one after the other is replaced."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from flask import Flask

from app.billing.models.stripe import StripeEvent
from app.database import db
from app.extensions import limiter
from tests.billing.lives.serving import Server
from tests.people import Person
from tests.stripe_actions import Json, Stripe, session_id_in, signed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.database,
    pytest.mark.usefixtures("catalogue"),
    pytest.mark.skipif(
        "postgresql" not in os.environ.get("TEST_DATABASE_URL", "") or "TEST_REDIS_URL" not in os.environ,
        reason="TEST_DATABASE_URL names no PostgreSQL, or TEST_REDIS_URL no Redis",
    ),
]


@pytest.fixture
def start(app: Flask, tmp_path: Path) -> Iterator[Callable[[], tuple[Server, ExitStack]]]:
    """Start one more set of workers; closing what comes with it stops them as a deployment does."""
    settings = app.extensions["settings"]
    with ExitStack() as all_of_them:

        def start_one() -> tuple[Server, ExitStack]:
            log = tmp_path / f"{time.monotonic_ns()}.log"
            redis = settings.redis_url.get_secret_value()
            server = Server(settings, workers=1, stripe_api_base=settings.stripe_api_base, log=log, REDIS_URL=redis)
            running = all_of_them.enter_context(ExitStack())
            return running.enter_context(server), running

        yield start_one
    with app.app_context():
        limiter.reset()


def test_sessions_and_limits_count_on_both(start, app: Flask, alice: Person) -> None:
    (here, _), (there, _) = start(), start()
    browser = requests.Session()
    browser.cookies.set("session", alice.client.get_cookie("session").value)

    seen = [browser.get(f"{server.url}/dashboard", timeout=30).status_code for server in (here, there)]
    answers = [_log_in_wrongly(server.url, alice.email) for _ in range(11) for server in (here, there)]

    assert seen == [200, 200]
    # Twenty a minute from one address: apart, they would take twice as many.
    assert 429 in answers


def _log_in_wrongly(url: str, email: str) -> int:
    browser = requests.Session()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(f"{url}/login", timeout=30).text)
    assert token
    fields = {"csrf_token": token[1], "email": email, "password": "wrong"}
    return browser.post(f"{url}/login", fields, timeout=30, allow_redirects=False).status_code


def test_rolling_deployment_with_a_migration_under_load_loses_no_webhook(
    start, app: Flask, alice: Person, bob: Person, at_stripe: Stripe
) -> None:
    """The old version goes on while the table changes under it; then one set is replaced after the other."""
    at_stripe.mute()
    for person in (alice, bob):
        at_stripe.pay(session_id_in(person.buy("pro").location))
    created = [event for event in at_stripe.events() if event["type"] == "customer.subscription.created"]
    secret = app.extensions["settings"].webhook_secrets[0]
    (first, stop_first), (second, stop_second) = start(), start()
    balanced, done = [first, second], threading.Event()

    with ThreadPoolExecutor(2) as senders:
        load = [senders.submit(_send_until, done, balanced, event, secret) for event in created]
        try:
            time.sleep(0.5)
            _migrate(app, "ADD COLUMN shade varchar(8)")
            balanced.append(start()[0])
            balanced.remove(first)
            stop_first.close()
            balanced.append(start()[0])
            balanced.remove(second)
            stop_second.close()
            time.sleep(0.5)
        finally:
            done.set()
        sent = [answer for sender in load for answer in sender.result()]
    _migrate(app, "DROP COLUMN shade")

    with app.app_context():
        recorded = dict(db.session.execute(db.select(StripeEvent.id, StripeEvent.outcome)).all())
    assert len(sent) > 20
    assert {status for _, status in sent} == {200}
    assert {recorded.get(event_id) for event_id, _ in sent} == {"processed"}
    assert (alice.role, bob.role) == ("pro", "pro")


def _send_until(
    done: threading.Event, balanced: list[Server], event: Json, secret: str
) -> list[tuple[str, int | None]]:
    """Bring newer and newer events to the sets in turn; each event, and the answer."""
    sent: list[tuple[str, int | None]] = []
    while not done.is_set():
        newer = {"id": f"{event['id']}_{len(sent)}", "created": event["created"] + len(sent)}
        server = balanced[len(sent) % len(balanced)]
        sent.append((newer["id"], server.post(*signed(event | newer, secret))))
    return sent


def _migrate(app: Flask, change: str) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(db.text(f"ALTER TABLE subscriptions {change}"))
