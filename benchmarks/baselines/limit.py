"""The limit of the webhook: signature, JSON, BEGIN, upsert the event, UPDATE the user, COMMIT; nothing else."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
from contextlib import closing
from typing import Any

import psycopg
from flask import Flask, request
from psycopg_pool import ConnectionPool
from sqlalchemy.pool import QueuePool

from benchmarks.site import WEBHOOK_SECRET, user_id

UPSERT = "INSERT INTO limit_events (id, type) VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET type = excluded.type"
UPDATE = "UPDATE limit_users SET role = %s, role_expires_at = %s WHERE id = %s"
TABLES = (
    "CREATE TABLE limit_events (id VARCHAR(255) PRIMARY KEY, type VARCHAR(255) NOT NULL)",
    "CREATE TABLE limit_users (id VARCHAR(36) PRIMARY KEY, role VARCHAR(16) NOT NULL, role_expires_at BIGINT)",
)
KEY = WEBHOOK_SECRET.encode()


def create_app() -> Flask:
    """The endpoint, on the database that DATABASE_URL names."""
    app = Flask(__name__)
    address = os.environ["DATABASE_URL"]
    record = _on_sqlite(address) if address.startswith("sqlite") else _on_postgresql(address)

    @app.post("/webhooks/stripe")
    def webhook() -> tuple[dict[str, object], int]:
        body = request.get_data(cache=False)
        if not _is_signed(body, request.headers["Stripe-Signature"]):
            return {"error": "signature"}, 400
        record(json.loads(body))
        return {"received": True}, 200

    return app


def populate(address: str, people: int) -> None:
    """Make the tables, with so many users in them."""
    users = [(str(user_id(number)), "free", 0) for number in range(people)]
    insert = "INSERT INTO limit_users VALUES (%s, %s, %s)"
    if address.startswith("sqlite"):
        with closing(_open_sqlite(address)) as connection:
            for table in TABLES:
                connection.execute(table)
            connection.execute("BEGIN")
            connection.executemany(insert.replace("%s", "?"), users)
            connection.execute("COMMIT")
    else:
        with psycopg.connect(address) as connection:
            for table in TABLES:
                connection.execute(table)
            connection.cursor().executemany(insert, users)


def _is_signed(body: bytes, header: str) -> bool:
    parts = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.new(KEY, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"])


def _values(event: dict[str, Any]) -> tuple[tuple[str, str], tuple[str, int, str]]:
    subscription = event["data"]["object"]
    item = subscription["items"]["data"][0]
    role = item["price"]["lookup_key"].partition("_")[0]
    user = subscription["metadata"]["userId"]
    return (event["id"], event["type"]), (role, item["current_period_end"], user)


def _on_postgresql(address: str) -> Any:
    pool = ConnectionPool(address, min_size=8, max_size=8, open=True)

    def record(event: dict[str, Any]) -> None:
        inserted, updated = _values(event)
        with pool.connection() as connection:
            connection.execute(UPSERT, inserted)
            connection.execute(UPDATE, updated)

    return record


def _on_sqlite(address: str) -> Any:
    pool = QueuePool(lambda: _open_sqlite(address), pool_size=8, reset_on_return=None)  # type: ignore[arg-type]
    insert, update = UPSERT.replace("%s", "?"), UPDATE.replace("%s", "?")

    def record(event: dict[str, Any]) -> None:
        inserted, updated = _values(event)
        with closing(pool.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute(insert, inserted)
            cursor.execute(update, updated)
            cursor.execute("COMMIT")

    return record


def _open_sqlite(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    return connection
