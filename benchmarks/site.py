"""The product as it is measured: its settings, and its tables with people, subscriptions and events in them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from flask import Flask, session
from flask.testing import FlaskClient

from benchmarks.databases import Row, fill, settle
from benchmarks.servers import ROOT, Server, gunicorn

SECRET_KEY = "sk_test_benchmarks_000000000000"
WEBHOOK_SECRET = "whsec_benchmarks"
PASSWORD = "a password for measuring"
STRIPE_ACCOUNT = "acct_benchmarks"
# Every stored snapshot is as old as this, so that the events of a run are certainly newer.
SNAPSHOT_AT = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
PERIOD = timedelta(days=30)


def settings(database: str, stripe_api_base: str) -> dict[str, str]:
    """The environment of the product, and of the baselines that need a database."""
    return {
        "APP_ENV": "testing",
        "BASE_URL": "http://127.0.0.1",
        "DATABASE_URL": database,
        "INSTANCE_PATH": tempfile.gettempdir(),
        "LOG_FORMAT": "json",
        "REDIS_URL": "",
        "SECRET_KEY": "a key for measuring, of thirty-two bytes and more",
        "STRIPE_API_BASE": stripe_api_base,
        "STRIPE_CONNECT_CLIENT_ID": "",
        "STRIPE_SECRET_KEY": SECRET_KEY,
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }


@contextmanager
def site(database: str, stripe_api_base: str = "http://127.0.0.1:1") -> Iterator[Server]:
    """The product under gunicorn, with the command of its documentation."""
    with gunicorn("app:create_app()", settings(database, stripe_api_base)) as server:
        yield server


def populate(database: str, people: int, events: int) -> None:
    """Make the product's tables, with so many users (each with an active subscription) and stored events."""
    from app.models import StripeAccount, StripeCustomer, StripeEvent, Subscription, User

    environment = os.environ | settings(database, "http://127.0.0.1:1")
    subprocess.run([sys.executable, "-m", "flask", "db", "upgrade"], cwd=ROOT, env=environment, check=True)
    engine = sa.create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    for model, columns, rows in (
        (StripeAccount, ("key_fingerprint", "stripe_account", "created_at"), _accounts()),
        (User, USER, _users(people)),
        (StripeCustomer, CUSTOMER, _customers(people)),
        (Subscription, SUBSCRIPTION, _subscriptions(people)),
        (StripeEvent, EVENT, _events(events, people)),
    ):
        fill(engine, model.__table__, columns, rows)
    settle(engine)
    engine.dispose()


def user_id(number: int) -> uuid.UUID:
    """The id of the user with this number."""
    return uuid.UUID(bytes=hashlib.md5(b"user %d" % number, usedforsecurity=False).digest())


USER = (
    "id", "email", "email_verified_at", "password_hash", "password_changed_at", "is_admin", "role", "role_rank",
    "role_expires_at",
    "created_at",
)  # fmt: skip
CUSTOMER = ("stripe_customer_id", "user_id", "stripe_account", "livemode", "created_at")
SUBSCRIPTION = (
    "stripe_subscription_id", "user_id", "stripe_customer_id", "stripe_account", "livemode", "status",
    "stripe_item_id", "stripe_price_id", "lookup_key", "amount", "currency", "interval", "quantity",
    "current_period_start", "current_period_end", "cancel_at_period_end", "is_collection_paused",
    "latest_invoice_id", "started_at", "snapshot_at",
)  # fmt: skip
EVENT = (
    "id", "type", "api_version", "object_id", "payload", "outcome", "tries", "created_at", "received_at",
)  # fmt: skip


def _accounts() -> Iterator[Row]:
    yield hashlib.sha256(SECRET_KEY.encode()).hexdigest()[:32], STRIPE_ACCOUNT, SNAPSHOT_AT


def _users(count: int) -> Iterator[Row]:
    from app.auth.passwords import hash_password
    from app.config.load import load_catalog

    rank = load_catalog().role("pro").rank
    password_hash = hash_password(PASSWORD)
    for n in range(count):
        yield (
            user_id(n), f"user{n}@example.com", SNAPSHOT_AT, password_hash, SNAPSHOT_AT, False, "pro", rank,
            SNAPSHOT_AT + 400 * PERIOD, SNAPSHOT_AT,
        )  # fmt: skip


def _customers(count: int) -> Iterator[Row]:
    for n in range(count):
        yield f"cus_bench{n:09d}", user_id(n), STRIPE_ACCOUNT, False, SNAPSHOT_AT


def _subscriptions(count: int) -> Iterator[Row]:
    for n in range(count):
        yield (
            f"sub_bench{n:015d}", user_id(n), f"cus_bench{n:09d}", STRIPE_ACCOUNT, False, "active",
            f"si_bench{n:09d}", "price_bench_pro", "pro_month", 2900, "usd", "month", 1,
            SNAPSHOT_AT, SNAPSHOT_AT + PERIOD, False, False, f"in_bench{n:015d}", SNAPSHOT_AT, SNAPSHOT_AT,
        )  # fmt: skip


def _events(count: int, people: int) -> Iterator[Row]:
    payload = "{" + " " * 500 + "}"
    for n in range(count):
        at = SNAPSHOT_AT - timedelta(seconds=n)
        yield (
            f"evt_old{n:017d}", "customer.subscription.updated", "2026-10-28.endive", f"sub_bench{n % people:015d}",
            payload, "processed", 1, at, at,
        )  # fmt: skip


def admin(app: Flask) -> FlaskClient:
    """A browser of the first user, who is an admin now and signed in."""
    from app.auth.models import User
    from app.auth.sessions import start_session
    from app.database import db

    client = app.test_client()
    with app.test_request_context("/login", method="POST"):
        db.session.execute(sa.update(User).where(User.id == user_id(0)).values(is_admin=True))
        start_session(user_id(0), remember=False)
        db.session.commit()
        signed_in = dict(session)
    with client.session_transaction() as cookie:
        cookie.update(signed_in)
    return client
