"""The database: the declarative base, aware UTC times, and SQLite made safe for concurrent writers."""

from datetime import UTC, datetime
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, MetaData, TypeDecorator, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase

SQLITE_BUSY_MILLISECONDS = 30_000


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


def utcnow() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def insert(model: type[Any]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT into the model's table that can say what happens on a conflict, in the database's own dialect."""
    return postgresql.insert(model) if db.engine.dialect.name == "postgresql" else sqlite.insert(model)


def begin_write() -> None:
    """End the read transaction of a GET request, so that the next statement opens one that may write."""
    db.session.commit()
    if has_request_context():
        g.writes = True


def engine_options(url: str) -> dict[str, Any]:
    """SQLAlchemy's engine options for this database address."""
    if url.startswith("sqlite"):
        return {"hide_parameters": True, "connect_args": {"timeout": SQLITE_BUSY_MILLISECONDS / 1000}}
    else:
        return {
            "hide_parameters": True,
            "pool_size": 10,
            "max_overflow": 10,
            "pool_recycle": 1800,
            "connect_args": {"connect_timeout": 5},
        }


def init_engine(app: Flask) -> None:
    """On SQLite, turn on WAL and foreign keys, and let BEGIN take the write lock where a write will come."""
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)


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
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _will_write() else "BEGIN")


def _will_write() -> bool:
    """A deferred transaction that turns to writing fails at once when another wrote meanwhile; so ask first."""
    if has_request_context():
        return request.method not in ("GET", "HEAD", "OPTIONS") or g.get("writes", False)
    else:
        return True
