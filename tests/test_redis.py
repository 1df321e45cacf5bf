"""Redis at a socket, shared by two sites, and away."""

import signal
from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter

import pytest
from flask import Flask

from app import jobs
from app.config.redis import SECONDS
from app.extensions import limiter
from tests.people import Person
from tests.servers.redis import Redis, redis
from tests.servers.wire import Wire

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with redis() as server:
        yield server


@pytest.fixture
def at(app_with: Callable[..., Flask], server: Redis) -> Iterator[Callable[..., Flask]]:
    """The site at this Redis, with forms that need no token."""

    def build(**settings: str) -> Flask:
        app = app_with(**{"redis_url": f"redis://127.0.0.1:{server.port}/0", **settings})
        app.config["WTF_CSRF_ENABLED"] = False
        return app

    # One limiter counts for all applications of a process; afterwards it is at no Redis again.
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_storage", "_limiter", "_storage_dead", "_in_memory_fallback_enabled"):
            patch.setattr(limiter, name, getattr(limiter, name))
        yield build


def forget(app: Flask, times: int, first: int = 0) -> list[int]:
    """Ask for a new password so often; no more than ten times a minute are allowed."""
    client = app.test_client()
    return [
        client.post("/forgot-password", data={"email": f"nobody{number}@example.com"}).status_code
        for number in range(first, first + times)
    ]


def test_a_socket_serves_limits_and_jobs(at: Callable[..., Flask], server: Redis) -> None:
    app = at(redis_url=f"unix://{server.socket}?db=0")

    with app.app_context():
        jobs.get_jobs().huey.flush()
        jobs.get_jobs().deliver()
        assert jobs.get_jobs().huey.pending_count() == 1
    assert forget(app, 11) == [303] * 10 + [429]


def test_two_sites_at_one_redis_do_not_count_together(at: Callable[..., Flask]) -> None:
    one = at(base_url="https://one.example")
    assert forget(one, 11)[-1] == 429
    other = at(base_url="https://other.example")

    assert forget(other, 1) == [303]
    with one.app_context():
        jobs.get_jobs().huey.flush()
    with other.app_context():
        jobs.get_jobs().huey.flush()
    with one.app_context():
        jobs.get_jobs().deliver()
    with other.app_context():
        assert jobs.get_jobs().huey.dequeue() is None


def test_while_redis_is_away_limits_hold_in_memory_and_pages_work(
    at: Callable[..., Flask], server: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    app = at(base_url="https://away.example")
    operator = Person.sign_up(app, "operator@example.com")
    operator.become_admin()
    operator.get("/account/")
    server.stop(signal.SIGKILL)

    try:
        statuses = forget(app, 11)
        with app.app_context():
            jobs.deliver_soon()
    finally:
        server.start()

    assert statuses == [303] * 10 + [429]
    assert "falling back to in-memory storage" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_host_that_vanishes_holds_nobody_for_long(at: Callable[..., Flask], server: Redis) -> None:
    """Nothing refuses the connection, and nothing answers: each question to Redis costs all the time it may take."""
    with Wire(server.port) as wire:
        app = at(redis_url=f"redis://127.0.0.1:{wire.port}/0", base_url="https://gone.example")
        assert forget(app, 1) == [303]
        wire.is_cut = True

        answers = [timed(app, number) for number in range(11)]

    assert [status for status, _ in answers] == [303] * 10 + [429]
    assert max(seconds for _, seconds in answers) < 4 * SECONDS
    # Who comes later does not wait for it again.
    assert median(seconds for _, seconds in answers) < SECONDS / 2


def timed(app: Flask, number: int) -> tuple[int, float]:
    began = perf_counter()
    [status] = forget(app, 1, first=number)
    return status, perf_counter() - began


def test_connection_page_needs_no_redis(at: Callable[..., Flask], catalogue: None) -> None:
    app = at(redis_url="redis://127.0.0.1:9/0")
    operator = Person.sign_up(app, "operator@example.com")
    operator.become_admin()

    assert operator.get("/admin/connection").status_code == 200
