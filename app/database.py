"""The database: the declarative base, aware UTC times, and SQLite made safe for concurrent writers."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, MetaData, TypeDecorator, event, orm
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase

SQLITE_BUSY_MILLISECONDS = 30_000
# How a statement begins that was written by hand and writes.
WRITING = ("INSERT", "UPDATE", "DELETE")


class Base(DeclarativeBase):
    """Every constraint is named, so that a migration can find it again on each database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UnannouncedWrite(RuntimeError):
    """A GET wrote without `begin_write` or `allowed_to_write`: a mistake of the view's, which reading must not hide."""


class ReadOnly(Exception):
    """Something was to be written in a request that may only read."""


def will_write() -> bool:
    """Whether a write may come: in any request but a plain GET, unless `begin_write` or `begin_read` says otherwise."""
    if has_request_context():
        return bool(g.get("writes", request.method not in ("GET", "HEAD", "OPTIONS")))
    else:
        return True


db = SQLAlchemy(model_class=Base)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime in Python, whatever the database gives back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        elif value.tzinfo is None:
            raise ValueError("A time without a zone cannot be stored.")
        else:
            return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        else:
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def parse_uuid(text: object) -> uuid.UUID | None:
    """The UUID that this text writes, or None."""
    try:
        return uuid.UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def utcnow() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def insert(model: type[Any]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT into the model's table that can say what happens on a conflict, in the database's own dialect."""
    return postgresql.insert(model) if db.engine.dialect.name == "postgresql" else sqlite.insert(model)


def forbid_writing() -> None:
    """Let nothing be written for the reader of this request: `begin_write` raises `ReadOnly` from here on."""
    g.is_read_only = True


def may_write() -> bool:
    """Whether a GET may begin to write, for what can as well be left for another time."""
    return not (has_request_context() and g.get("is_read_only", False))


def begin_write() -> None:
    """Say that this GET writes from here on; what was read before is read anew, in the next transaction. Commits.

    Raises `ReadOnly` where writing is forbidden.
    """
    if not may_write():
        raise ReadOnly
    db.session.commit()
    if has_request_context():
        g.writes = True


def begin_read() -> None:
    """Say that this request only reads from here on, so that nobody who writes waits for it. Commits."""
    db.session.commit()
    if has_request_context():
        g.writes = False


@contextmanager
def allowed_to_write() -> Iterator[None]:
    """Let a GET write in this block, in transactions of its own; what the block does not commit is rolled back."""
    allowed_before = will_write()
    begin_write()
    try:
        yield
    finally:
        db.session.rollback()
        if has_request_context():
            g.writes = allowed_before


@contextmanager
def separate_transaction() -> Iterator[orm.Session]:
    """A transaction beside the session's, also in a GET; it commits at the end of the block.

    The session must have none open: on SQLite the two would wait for each other.
    """
    allowed_before = will_write()
    if has_request_context():
        g.writes = True
    try:
        with orm.Session(db.engine) as session, session.begin():
            yield session
    finally:
        if has_request_context():
            g.writes = allowed_before


def in_transaction() -> bool:
    """Whether the current context's session has a transaction open, be it only one that reads."""
    return db.session.registry.has() and db.session().in_transaction()


def end_transaction() -> None:
    """Commit the transaction that is open, if there is one."""
    if in_transaction():
        db.session.commit()


def engine_options(url: str, *, has_pooler: bool = False) -> dict[str, Any]:
    """SQLAlchemy's engine options for this database address."""
    if url.startswith("sqlite"):
        return {"hide_parameters": True, "connect_args": {"timeout": SQLITE_BUSY_MILLISECONDS / 1000}}
    else:
        from app import postgresql

        return postgresql.engine_options(url, has_pooler=has_pooler)


def init_engine(app: Flask) -> None:
    """Refuse what a GET writes without saying so; on SQLite, turn on WAL, and take the lock where a write will come."""
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", _refuse_unannounced_write)
    if engine.dialect.name == "sqlite":
        keep_private(engine.url.database)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        from app.postgresql import init_postgresql

        init_postgresql(engine)


def keep_private(path: str | Path | None) -> None:
    """Let nobody but this user read a SQLite file; its journals are made with the same rights."""
    if path and str(path) != ":memory:" and not str(path).startswith("file:"):
        # A folder that is not there yet, or a file of somebody else's, is for the connection to complain about.
        with suppress(OSError):
            Path(path).touch(mode=0o600)
            Path(path).chmod(0o600)


def _refuse_unannounced_write(
    connection: Connection, cursor: object, statement: str, parameters: object, context: Any, executemany: bool
) -> None:
    is_write = context.isinsert or context.isupdate or context.isdelete
    if (is_write or statement.lstrip()[:6].upper() in WRITING) and not will_write():
        raise UnannouncedWrite(f"A {request.method} of {request.path} writes without `begin_write`.")


def _set_pragmas(connection: Any, record: object) -> None:
    # The driver's own transaction handling would begin late, with a lock that cannot be upgraded safely.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A deferred transaction that turns to writing fails at once when another wrote meanwhile; so ask first.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if will_write() else "BEGIN")
