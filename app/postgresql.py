"""PostgreSQL that restarts, vanishes, or lends its connections through a pooler: nobody waits for it without an end."""

from __future__ import annotations

import math
import select
import time
from threading import Lock
from typing import Any

import psycopg
from flask import has_request_context
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InvalidatePoolError

CONNECT_SECONDS = 3
# The server itself ends a statement that takes so long; whoever has a reason to takes `unhurried`.
STATEMENT_SECONDS = 30
# How long a server may be silent: to a ping, to a reader who waits for a page, to anybody else.
PING_SECONDS, REQUEST_SECONDS, SILENCE_SECONDS = 3, 10, STATEMENT_SECONDS + 5
# A connection that was used just now is not asked again.
TRUSTED_SECONDS = 1
# After it did not let one in, nobody else tries for so long: the threads are needed for pages without a database.
AWAY_SECONDS = 2
# A machine that is gone says nothing: the kernel has to notice that nothing is acknowledged, nor any sign of life sent.
TCP = {"tcp_user_timeout": 10_000, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}


def engine_options(url: str, *, has_pooler: bool) -> dict[str, Any]:
    """SQLAlchemy's engine options for this address; a pooler takes neither prepared statements nor options."""
    connect_args: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, **TCP}
    if has_pooler:
        connect_args["prepare_threshold"] = None
    else:
        own = make_url(url).query.get("options", "")
        connect_args["options"] = f"{own} -c statement_timeout={STATEMENT_SECONDS}s".strip()
    pool = {"pool_size": 10, "max_overflow": 10, "pool_recycle": 1800}
    return {"hide_parameters": True, "connect_args": connect_args, **pool}


class PunctualConnection(psycopg.Connection[Any]):
    """A connection that gives its server up when it says nothing for too long."""

    patience: float | None = PING_SECONDS
    used_at = math.inf

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """What the operation yields; raise `OperationalError` when nothing comes."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if self.closed or self.info.transaction_status is not TransactionStatus.ACTIVE:
                raise
            self.close()
            raise psycopg.OperationalError(f"the server was silent for {self.patience} seconds") from error


class Door:
    """Where connections are made: while the server lets nobody in, only one at a time knocks."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._closed_until = 0.0
        self._last_problem = ""

    def connect(self, dialect: Dialect, record: object, arguments: Any, options: Any) -> PunctualConnection:
        """For SQLAlchemy's event `do_connect`."""
        with self._lock:
            if time.monotonic() < self._closed_until:
                raise psycopg.OperationalError(self._last_problem)
            if self._closed_until:
                # Whoever comes while this one tries again need not wait for the same answer.
                self._closed_until = time.monotonic() + CONNECT_SECONDS + AWAY_SECONDS
        try:
            connection = PunctualConnection.connect(*arguments, **options)
        except psycopg.OperationalError as error:
            self._last_problem, self._closed_until = str(error), time.monotonic() + AWAY_SECONDS
            raise
        self._closed_until = 0.0
        return connection


def init_postgresql(engine: Engine) -> None:
    """Give each connection its limits, and look whether it still stands before somebody works with it."""
    event.listen(engine, "do_connect", Door().connect)
    event.listen(engine, "checkout", _greet)
    event.listen(engine, "checkin", _take_leave)


def _greet(connection: PunctualConnection, record: object, proxy: object) -> None:
    """What `pool_pre_ping` does, where there is reason to: always, it would cost a webhook a sixth of its time."""
    if time.monotonic() - connection.used_at > TRUSTED_SECONDS or _has_ended(connection):
        try:
            connection.patience = PING_SECONDS
            connection.autocommit = True
            connection.execute("SELECT 1")
            connection.autocommit = False
        except psycopg.Error as error:
            raise InvalidatePoolError(str(error)) from error
    connection.patience = REQUEST_SECONDS if has_request_context() else SILENCE_SECONDS


def _take_leave(connection: PunctualConnection | None, record: object) -> None:
    if connection is not None:
        connection.used_at = time.monotonic()


def _has_ended(connection: PunctualConnection) -> bool:
    """Whether the server has said something unasked: mostly, that it goes."""
    if not hasattr(select, "poll"):
        # Windows.
        return False
    news = select.poll()
    news.register(connection.fileno(), select.POLLIN)
    return bool(news.poll(0))


def unhurried(connection: Connection) -> None:
    """Let the statements of the transaction that is open take their time, as a migration's or a clean-up's may."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        driver: Any = connection.connection.driver_connection
        driver.patience = None
