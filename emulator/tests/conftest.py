"""One emulator for the emulator's tests; whatever it answers is held to Stripe's description."""

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import stripe
from playwright.sync_api import Browser

from stripe_emulator import Emulator
from tests.chromium import find_chromium, launched
from tests.openapi import SPECIFICATION, openapi
from tests.stripe_cli import find_cli
from tests.webhook_receiver import WebhookReceiver

RETRY_SCHEDULE = (0.1, 0.2, 0.4)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse to skip what CI has: the browser and the official CLI. Stripe's description lies beside the repository."""
    missing = [name for name, found in (("Chromium", find_chromium()), ("The Stripe CLI", find_cli())) if not found]
    if missing and os.environ.get("REQUIRE_EVERYTHING"):
        raise pytest.UsageError(f"{' and '.join(missing)} must be here: REQUIRE_EVERYTHING is set.")


class CheckingClient(stripe.RequestsClient):
    """The SDK's own HTTP client; every answer that passes through it is validated."""

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        """Send the request and hold the answer to the description."""
        body, status, headers = super().request(method, url, *args, **kwargs)
        if SPECIFICATION.exists():
            _check(method, urlsplit(url).path, status, json.loads(body))
        return body, status, headers


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """Run one emulator for the whole session."""
    with Emulator(retry_schedule=RETRY_SCHEDULE) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once: two of Playwright's loops cannot run in one process."""
    with launched() as running:
        yield running


@pytest.fixture
def fresh_emulator() -> Iterator[Emulator]:
    """Run an emulator of the test's own; afterwards every event is validated."""
    with Emulator(retry_schedule=RETRY_SCHEDULE) as running:
        yield running
        assert_events_valid(running)


@pytest.fixture(scope="session")
def seen() -> list[str]:
    """The youngest event of the session's emulator when somebody last looked, once there is one."""
    return []


@pytest.fixture
def client(emulator: Emulator, seen: list[str]) -> Iterator[stripe.StripeClient]:
    """Return the official SDK pointed at the emulator; afterwards every event is validated."""
    with emulator.store.read() as tx:
        seen[:] = [event["id"] for event in tx.find_since("event", *(seen or [None]))][-1:] or seen
    yield client_for(emulator.url)
    assert_events_valid(emulator, *seen)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    """Run a webhook endpoint that records what it gets."""
    with WebhookReceiver() as running:
        yield running


def client_for(url: str, key: str = Emulator.secret_key) -> stripe.StripeClient:
    """Return the official SDK pointed at an address, with every answer validated."""
    return stripe.StripeClient(key, base_addresses={"api": url}, http_client=CheckingClient())


def assert_events_valid(emulator: Emulator, seen: str | None = None) -> None:
    """Hold every event that is younger than the one with this id to the description; None means all."""
    if SPECIFICATION.exists():
        with emulator.store.read() as tx:
            events = tx.find_since("event", seen)
        assert [problem for event in events for problem in openapi().problems_of_event(event)] == []


def _check(method: str, path: str, status: int, body: Any) -> None:
    problems = (
        openapi().problems_of_response(method, path, body) if status == 200 else openapi().problems_of_error(body)
    )
    assert problems == []
