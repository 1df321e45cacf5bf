"""Many processes at once, killed processes, a database that goes away: one effect, and recovery by the retry alone."""

import os
import random
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.models.payments import Order, Payment
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.database import db
from app.mail.outbox import OutboxMail
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.billing.lives.oracle import assert_everything_equals_stripe
from tests.billing.lives.serving import Server
from tests.people import Person
from tests.stripe_actions import Json, Stripe, session_id_in, signed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.database,
    pytest.mark.usefixtures("catalogue"),
    pytest.mark.skipif(sys.platform != "linux", reason="finds gunicorn's workers in /proc"),
]
COPIES, PROCESSES = 50, 8
on_postgresql = pytest.mark.skipif(
    "postgresql" not in os.environ.get("TEST_DATABASE_URL", ""), reason="TEST_DATABASE_URL names no PostgreSQL"
)


@pytest.fixture
def stripe_between(emulator: Emulator) -> Iterator[MisbehavingStripe]:
    with MisbehavingStripe(emulator.url) as proxy:
        yield proxy


@pytest.fixture
def serve(app: Flask, stripe_between: MisbehavingStripe, tmp_path: Path) -> Callable[[int], Server]:
    """Start the site with so many processes."""

    def start(workers: int) -> Server:
        settings = app.extensions["settings"]
        return Server(settings, workers=workers, stripe_api_base=stripe_between.url, log=tmp_path / "gunicorn.log")

    return start


@pytest.fixture
def bought(app: Flask, alice: Person, bob: Person, at_stripe: Stripe) -> dict[str, Json]:
    """Alice has paid for Pro and Bob for life, and no event has arrived yet; by type, the last of each."""
    at_stripe.mute()
    at_stripe.pay(session_id_in(bob.buy("lifetime").location))
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    return {event["type"]: event for event in at_stripe.events()}


@pytest.fixture
def sign(app: Flask) -> Callable[[Json], tuple[bytes, dict[str, str]]]:
    return lambda event: signed(event, app.extensions["settings"].webhook_secrets[0])


def count(app: Flask, model: type[db.Model]) -> int:  # type: ignore[name-defined]
    with app.app_context():
        return db.session.scalar(db.select(db.func.count()).select_from(model)) or 0


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_fifty_copies_at_once_in_eight_processes_have_one_effect(
    serve, app: Flask, alice: Person, bought: dict[str, Json], sign, stripe_between: MisbehavingStripe
) -> None:
    """Stripe is slow, so nearly all of them have asked before the first has taken effect."""
    stripe_between.hold("/v1", 0.2)
    kinds = ("checkout.session.completed", "customer.subscription.created", "invoice.paid")
    requests = [sign(bought[kind]) for kind in kinds for _ in range(COPIES)]
    random.shuffle(requests)

    with serve(PROCESSES) as server, ThreadPoolExecutor(COPIES) as senders:
        answers = list(senders.map(lambda request: server.post(*request), requests))

    assert answers == [200] * len(requests)
    assert alice.role == "pro"
    with app.app_context():
        assert [event.tries for event in db.session.scalars(db.select(StripeEvent))] == [1, 1, 1]
    found = [count(app, model) for model in (Subscription, Payment, RoleChange)]
    assert found == [1, 1, 1]
    with app.app_context():
        causes = [cause.partition(":")[0] for cause in db.session.scalars(db.select(OutboxMail.cause))]
    assert causes.count("order_confirmed") == 1


def test_worker_killed_while_it_reads_from_stripe_leaves_nothing_behind(
    serve, app: Flask, alice: Person, bought: dict[str, Json], sign, stripe_between: MisbehavingStripe
) -> None:
    request = sign(bought["customer.subscription.created"])
    stripe_between.hold("/v1/subscriptions", 5)

    with serve(1) as server, ThreadPoolExecutor(1) as sender:
        lost = sender.submit(server.post, *request)
        wait_until(lambda: any(path.startswith("/v1/subscriptions") for _, path in stripe_between.requests))
        server.kill_workers()
        answer = lost.result()
        stripe_between.behave()
        left_behind = [count(app, model) for model in (StripeEvent, Subscription, RoleChange)]
        retried = server.post(*request)

    assert (answer, left_behind) == (None, [0, 0, 0])
    assert (retried, alice.role) == (200, "pro")


@on_postgresql
def test_worker_killed_between_its_effects_and_the_commit_leaves_nothing_behind(
    serve, app: Flask, alice: Person, bought: dict[str, Json], sign
) -> None:
    request = sign(bought["checkout.session.completed"])

    with serve(1) as server, app.app_context(), ThreadPoolExecutor(1) as sender:
        with db.engine.connect() as blocker:
            # Its effects are written by then; the event's own record has to wait.
            blocker.execute(db.text("LOCK TABLE stripe_events IN EXCLUSIVE MODE"))
            lost = sender.submit(server.post, *request)
            wait_until(lambda: _is_waiting_for_a_lock())
            server.kill_workers()
            answer = lost.result()
            blocker.rollback()
        left_behind = [count(app, model) for model in (StripeEvent, Subscription, RoleChange)]
        retried = server.post(*request)

    assert (answer, left_behind) == (None, [0, 0, 0])
    assert (retried, alice.role) == (200, "pro")


@on_postgresql
def test_connections_that_end_while_stripe_is_asked_cost_nothing(
    serve, app: Flask, alice: Person, bought: dict[str, Json], sign, stripe_between: MisbehavingStripe
) -> None:
    request = sign(bought["customer.subscription.created"])
    stripe_between.hold("/v1/subscriptions", 1)

    with serve(1) as server, ThreadPoolExecutor(1) as sender:
        broken = sender.submit(server.post, *request)
        wait_until(lambda: any(path.startswith("/v1/subscriptions") for _, path in stripe_between.requests))
        _end_every_other_connection(app)
        first = broken.result()
        stripe_between.behave()
        retried = server.post(*request)

    # None is held meanwhile, so none is missed.
    assert (first, retried) == (200, 200)
    assert alice.role == "pro"
    assert [count(app, model) for model in (Subscription, RoleChange)] == [1, 1]


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="about SQLite's file")
def test_database_file_that_is_locked_for_a_while_is_waited_for(
    serve, app: Flask, alice: Person, bought: dict[str, Json], sign
) -> None:
    with serve(2) as server, ThreadPoolExecutor(4) as senders:
        blocker = sqlite3.connect(app.extensions["settings"].instance_path / "perennial.sqlite3")
        blocker.execute("BEGIN EXCLUSIVE")
        waiting = [senders.submit(server.post, *sign(bought["customer.subscription.created"])) for _ in range(4)]
        time.sleep(0.3)
        blocker.rollback()
        blocker.close()

    assert [one.result() for one in waiting] == [200] * 4
    assert alice.role == "pro"


def test_workers_killed_at_any_moment_lose_and_double_nothing(
    serve, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    """Stripe's retries are all that mends it."""
    with serve(2) as server:
        for endpoint in at_stripe.v1.webhook_endpoints.list({}).data:
            at_stripe.v1.webhook_endpoints.update(endpoint.id, {"url": f"{server.url}/webhooks/stripe"})
        emulator.configure(retry_schedule=[0.3] * 60)
        stop = threading.Event()
        killer = threading.Thread(target=_keep_killing, args=(server, stop))
        killer.start()
        session = at_stripe.pay(session_id_in(alice.buy("basic").location))
        at_stripe.swap_price(session["subscription"], "shop_pro_month")
        at_stripe.cancel_in_portal(session["subscription"])
        emulator.advance(days=1)
        at_stripe.resume_in_portal(session["subscription"])
        emulator.advance(days=32)
        time.sleep(1.5)
        stop.set()
        killer.join()
        emulator.wait_until_idle()

    assert_everything_equals_stripe(app, at_stripe)
    with app.app_context():
        assert db.session.scalars(db.select(Order.state)).all() == ["fulfilled"]


def _keep_killing(server: Server, stop: threading.Event) -> None:
    while not stop.wait(random.uniform(0.05, 0.4)):
        server.kill_workers()


def _is_waiting_for_a_lock() -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    waiting = db.session.scalar(db.text(query))
    db.session.rollback()
    return bool(waiting)


def _end_every_other_connection(app: Flask) -> None:
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with app.app_context():
        db.session.execute(db.text(f"{query} AND pid <> pg_backend_pid()"))
        db.session.commit()
        db.engine.dispose()
