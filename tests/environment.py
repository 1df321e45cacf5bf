"""Keeping the tests apart: from the shell that starts them, and each worker of a run from the others."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from app.config.settings import Settings

# Settings that depend on the catalogue, what Flask reads by itself, and proxies: everything here is on the loopback.
FOREIGN = ("STRIPE_", "LOGIN_", "FLASK_", "EMULATOR_")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def forget_settings() -> None:
    """Take every setting of the site out of this process's environment, and keep its `flask` from reading `.env`."""
    for name in list(os.environ):
        is_setting = name.lower() in Settings.model_fields or name.upper().startswith(FOREIGN)
        if is_setting or name.upper() in PROXIES:
            del os.environ[name]
    os.environ["FLASK_SKIP_DOTENV"] = "1"


def worker_number() -> int:
    """Which of pytest-xdist's workers this is, from 0; 0 too for a run without any."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@contextmanager
def own_database() -> Iterator[str]:
    """The address of an empty PostgreSQL database for this worker, beside TEST_DATABASE_URL's; "" where none is named.

    It is gone at the end, so it need not outlive a power cut.
    """
    named = os.environ.get("TEST_DATABASE_URL", "")
    if not named:
        yield ""
        return
    there = make_url(named).set(drivername="postgresql")
    own = there.set(database=f"{there.database}_{worker_number()}")
    name = sql.Identifier(str(own.database))
    _run(there, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
    _run(there, sql.SQL("CREATE DATABASE {}").format(name))
    _run(there, sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))
    yield _text(own)
    _run(there, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def own_redis() -> str:
    """The address of this worker's Redis database, counted from TEST_REDIS_URL's; "" where none is named."""
    named = os.environ.get("TEST_REDIS_URL", "")
    if not named:
        return ""
    url = make_url(named)
    return _text(url.set(database=str(int(url.database or 0) + worker_number())))


@contextmanager
def held_port() -> Iterator[int]:
    """A free port of the loopback that no other program is given meanwhile; a server of ours can listen on it."""
    with socket.socket() as holder:
        # Both sides of a shared port have to agree; the one who holds it never listens.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def _run(server: URL, statement: sql.Composed) -> None:
    with psycopg.connect(_text(server), autocommit=True) as connection:
        connection.execute(statement)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
