"""What every test can use: the application on a real database, the emulator over HTTP, and a running site."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import stripe
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase
from playwright.sync_api import Browser
from sqlalchemy import QueuePool
from stripe_emulator import Emulator
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from app.auth.models import User
from app.billing.catalog.plans import Catalog
from app.billing.gateway.client import get_gateway
from app.billing.models.stripe import StripeAccount
from app.billing.setup.push import push_catalogue
from app.config.settings import ROOT, Settings
from app.database import db
from app.extensions import limiter
from app.machine import available_cores
from tests.applications import build_app, empty_tables
from tests.catalogue import CATALOG
from tests.chromium import launched
from tests.environment import forget_settings, held_port, own_database, own_redis
from tests.people import Person
from tests.stripe_actions import Stripe, signed

pytest_plugins = ["stripe_emulator.pytest_plugin"]
forget_settings()

# `make test` draws a few examples, `.ci/run` more, a part of them again on PostgreSQL, and a night has time for many.
# Seeds are random, but for CI's; a failure prints what brings it back. No deadline: an example is a life with a
# database, and the machine may be busy. Nor is time spent on explaining a failure: finding it is quicker.
LASTING: dict[str, Any] = {
    "deadline": None,
    "print_blob": True,
    "phases": [phase for phase in Phase if phase is not Phase.explain],
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
for profile, examples in {"quick": 4, "ci": 12, "again": 6, "nightly": 1000}.items():
    # What has to be green before something lands is the same each time; a night looks for what is new.
    is_same = profile in ("ci", "again")
    hypothesis.settings.register_profile(profile, max_examples=examples, derandomize=is_same, **LASTING)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

CACHES = ("stripe_accounts", "stripe_prices", "stripe_portal_configuration", "webhook_refusals", "announcement")


# What these folders and files look at is read and not stored: words, languages, addresses, headers, colours, documents.
SAME_ON_ANY_DATABASE = (
    "tests/browser",
    "tests/catalog",
    "tests/dev",
    "tests/figures",
    "tests/languages",
    "tests/account/test_page.py",
    "tests/admin/test_access.py",
    "tests/admin/test_doors.py",
    "tests/api/test_answers.py",
    "tests/api/test_document.py",
    "tests/auth/factors/test_requirement.py",
    "tests/auth/providers/test_providers.py",
    "tests/auth/test_bot_check.py",
    "tests/auth/test_email_addresses.py",
    "tests/auth/test_next_page.py",
    "tests/auth/test_pages.py",
    "tests/auth/test_password_rules.py",
    "tests/auth/test_stale_forms.py",
    "tests/auth/test_step_up.py",
    "tests/auth/test_viewing.py",
    "tests/billing/catalog/test_entitlements.py",
    "tests/billing/gateway/test_objects.py",
    "tests/dashboard/test_access.py",
    "tests/mail/test_templates.py",
    "tests/pricing/test_other_catalogues.py",
    "tests/test_docs.py",
    "tests/test_errors.py",
    "tests/test_example_words.py",
    "tests/test_pages.py",
    "tests/test_security.py",
    "tests/test_templating.py",
    "tests/test_well_known.py",
)


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores, for tests wait a part of their time; at most four."""
    return min(available_cores() + 1, 4)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what looks at a part that this fork has removed: see `docs/removing.md`. Mark what stores something."""
    gone = [item for item in items if any(not (ROOT / mark.args[0]).exists() for mark in item.iter_markers("needs"))]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item not in gone]
    for item in items:
        # Where the database is, `settings` alone says.
        if "settings" in getattr(item, "fixturenames", ()) and not _is_same_on_any_database(item.path):
            item.add_marker(pytest.mark.stores)


@cache
def _is_same_on_any_database(file: Path) -> bool:
    return any(file.is_relative_to(ROOT / path) for path in SAME_ON_ANY_DATABASE)


@pytest.fixture(scope="session")
def settings(running_stripe_emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of the application under test: the emulator, and SQLite unless TEST_DATABASE_URL says otherwise."""
    with held_port() as port, own_database() as database_url:
        yield Settings(
            app_env="testing",
            instance_path=tmp_path_factory.mktemp("instance"),
            base_url=f"http://127.0.0.1:{port}",
            port=port,
            database_url=database_url,
            redis_url=own_redis(),
            stripe_secret_key="",
            stripe_webhook_secret="",
            stripe_api_base=running_stripe_emulator.url,
        )


@pytest.fixture(scope="session")
def application(settings: Settings) -> Iterator[Flask]:
    """One application for the whole run, with its tables made from the models."""
    application = build_app(settings)
    with application.app_context():
        db.create_all()
    yield application
    _let_go(application)


@pytest.fixture(scope="session", autouse=True)
def _no_pause_between_tries() -> Iterator[None]:
    """How often the SDK asks again is for the tests to see; that it waits half a second or more before, is not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
        patch.setattr(stripe.HTTPClient, "MAX_DELAY", 0.02)
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once: two of Playwright's loops cannot run in one process."""
    with launched() as browser:
        yield browser


@pytest.fixture
def emulator(stripe_emulator: Emulator) -> Emulator:
    """The Stripe emulator, empty."""
    return stripe_emulator


@pytest.fixture
def app(application: Flask, emulator: Emulator) -> Iterator[Flask]:
    """The application with empty tables and an empty emulator behind it; no context is pushed."""
    yield application
    with application.app_context():
        db.session.rollback()
        empty_tables()
        limiter.reset()
    _forget(application)
    Path(application.extensions["settings"].emulator_secret_file).unlink(missing_ok=True)


@pytest.fixture
def app_selling(app: Flask, settings: Settings) -> Iterator[Callable[[Catalog], Flask]]:
    """Another application on the same database and Stripe account, which sells another catalogue."""
    with ExitStack() as others:

        def build(catalog: Catalog) -> Flask:
            other = build_app(settings, catalog)
            others.callback(_let_go, other)
            return other

        yield build


@pytest.fixture
def app_with(app: Flask) -> Iterator[Callable[..., Flask]]:
    """Another application on the same database, with some settings changed, or with something else to sell."""
    others: list[Flask] = []

    def build(catalog: Catalog = CATALOG, **changed: Any) -> Flask:
        settings = app.extensions["settings"]
        others.append(build_app(Settings(**{**settings.model_dump(), **changed}), catalog))
        return others[-1]

    yield build
    for other in others:
        _let_go(other)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a picture."""
    return app.test_client()


@pytest.fixture(scope="session")
def pushed() -> dict[str, tuple[sqlite3.Connection, str]]:
    """The emulator once a catalogue has been pushed, and the endpoint's secret, for each that has been."""
    return {}


@pytest.fixture
def push(emulator: Emulator, pushed: dict[str, tuple[sqlite3.Connection, str]]) -> Callable[[Flask], None]:
    """Bring what an application sells to a Stripe that is empty: pushed only once, and restored from then on."""

    def bring(app: Flask) -> None:
        settings = app.extensions["settings"]
        secret, seller = Path(settings.emulator_secret_file), repr((app.extensions["catalog"], settings))
        if seller in pushed:
            saved, content = pushed[seller]
            emulator.restore(saved)
            secret.write_text(content)
        else:
            with app.app_context():
                push_catalogue(get_gateway(), settings)
                # It asked whose the key is, which a test that finds everything in place has yet to ask.
                db.session.execute(db.delete(StripeAccount))
                db.session.commit()
            _forget(app)
            pushed[seller] = emulator.save(), secret.read_text()

    return bring


@pytest.fixture
def catalogue(app: Flask, push: Callable[[Flask], None]) -> None:
    """The plans as products and prices in Stripe, and the webhook endpoint at the site's address."""
    push(app)


@pytest.fixture
def site(app: Flask, catalogue: None) -> Iterator[str]:
    """The address of the running site, to which the emulator delivers its events."""
    with _served(app) as address:
        yield address


@pytest.fixture
def deploy(app: Flask, settings: Settings) -> Iterator[Callable[..., Flask]]:
    """Put a site that sells this catalogue online, in place of the one before: same database, same Stripe account.

    With `push` false the catalogue is not brought to Stripe.
    """
    with ExitStack() as online:

        def start(catalog: Catalog, *, push: bool = True) -> Flask:
            online.close()
            site = build_app(settings, catalog)
            if push:
                with site.app_context():
                    push_catalogue(get_gateway(), settings)
            online.callback(_let_go, site)
            online.enter_context(_served(site))
            return site

        yield start


def _forget(app: Flask) -> None:
    """Empty what an application keeps of Stripe in its process."""
    for name in CACHES:
        app.extensions.pop(name, None)


def _let_go(app: Flask) -> None:
    """End an application's connections to the database, once the requests that its server still answers are over."""
    with app.app_context():
        db.session.remove()
        pool, deadline = db.engine.pool, time.monotonic() + 2
        while isinstance(pool, QueuePool) and pool.checkedout() and time.monotonic() < deadline:
            time.sleep(0.01)
        db.engine.dispose()


@contextmanager
def _served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", app.extensions["settings"].port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield app.extensions["settings"].site_url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def at_stripe(emulator: Emulator) -> Stripe:
    """What happens at Stripe: people pay, cards fail, operators refund."""
    return Stripe(emulator)


@pytest.fixture
def deliver(app: Flask, catalogue: None) -> Callable[..., TestResponse]:
    """Bring one event to the webhook, signed as Stripe signs it."""

    def send(event: Any, secret: str | None = None, at: float | None = None) -> TestResponse:
        body, headers = signed(event, secret or app.extensions["settings"].webhook_secrets[0], at)
        return app.test_client().post("/webhooks/stripe", data=body, headers=headers)

    return send


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Keep pytest-flask from wrapping each test in a GET request of its own: ours are pushed where they are needed."""


@pytest.fixture
def alice(app: Flask) -> Person:
    """A person with an account, who subscribes."""
    return Person.sign_up(app, "alice@example.com")


@pytest.fixture
def bob(app: Flask) -> Person:
    """A person with an account, who does not."""
    return Person.sign_up(app, "bob@example.com")


@pytest.fixture
def user_of(app: Flask):  # type: ignore[no-untyped-def]
    """Look a user up by address, inside an application context."""

    def find(email: str) -> User:
        user: User | None = db.session.scalar(db.select(User).where(User.email == email))
        assert user is not None
        return user

    return find
