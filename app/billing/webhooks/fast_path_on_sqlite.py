"""The steady state on SQLite: the reading without a transaction, the writing in one that begins with the lock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from sqlite3 import IntegrityError
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from app.billing.webhooks.fast_path_sql import READING, CurrentState, Values, WriteShape

try:
    import fcntl
except ImportError:  # Windows: threads wait in line, processes as SQLite makes them.
    fcntl = None  # type: ignore[assignment]

_DIALECT = sqlite.dialect(paramstyle="named")


class _Line:
    """Writers wait here for their turn, across threads and processes; by itself SQLite would sleep and try again.

    It only keeps order: who writes without it, as everybody else does, still finds SQLite's own lock.
    """

    def __init__(self) -> None:
        self._threads = Lock()
        self._files: dict[str, int] = {}

    @contextmanager
    def turn(self, database: str | None) -> Iterator[None]:
        """Wait for the turn to write to this database file, and keep it for the block."""
        with self._threads:
            if fcntl is None or not database or database == ":memory:":
                yield
                return
            if database not in self._files:
                # A file of its own: closing the database's would take SQLite's locks with it.
                self._files[database] = os.open(f"{database}-line", os.O_CREAT | os.O_WRONLY, 0o644)
            fcntl.flock(self._files[database], fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._files[database], fcntl.LOCK_UN)


_line = _Line()


class OnSqlite:
    """A connection of the pool, straight through the driver."""

    def __init__(self, engine: sa.Engine) -> None:
        self._connection = engine.raw_connection()
        self._database = engine.url.database
        self.close = self._connection.close

    def read(self, values: Values) -> Any:
        """The `CurrentState` of an event."""
        row = self._connection.cursor().execute(*_bound(READING, values)).fetchone()
        return CurrentState(*(read(field) if read else field for read, field in zip(_readers(), row, strict=True)))

    def write(self, shape: WriteShape, values: Values) -> bool:
        """Record the event with its effects; False, with nothing written, when somebody came between."""
        lock, *effects = [_bound(statement, values) for statement in _statements(shape)]
        with _line.turn(self._database):
            cursor = self._connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                is_ours = cursor.execute(*lock).rowcount == 1
                for effect in effects if is_ours else ():
                    cursor.execute(*effect)
                self._connection.commit()
            except IntegrityError:
                self._connection.rollback()
                return False
            return is_ours


def _bound(statement: sa.ClauseElement, values: Values) -> tuple[str, Values]:
    """The statement's text and parameters, as the driver takes them."""
    sql, constants, writers = _for_the_driver(statement)
    return sql, constants | {name: write(values[name]) if write else values[name] for name, write in writers.items()}


@lru_cache(maxsize=256)
def _statements(shape: WriteShape) -> list[Any]:
    return [shape.lock(), *shape.effects()]


@lru_cache(maxsize=1024)
def _for_the_driver(statement: sa.ClauseElement) -> tuple[str, Values, dict[str, Any]]:
    """The statement's text, the constants of ours in it, and how its values are written into SQLite's few types."""
    compiled: Any = statement.compile(dialect=_DIALECT)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    types = {name: bind.type for bind, name in compiled.bind_names.items() if name not in constants}
    writers = {name: kind.dialect_impl(_DIALECT).bind_processor(_DIALECT) for name, kind in types.items()}
    return str(compiled), constants, writers


@cache
def _readers() -> list[Any]:
    """How the columns that are read come back out of them."""
    types = [column.type.dialect_impl(_DIALECT) for column in READING.selected_columns]
    return [kind.result_processor(_DIALECT, None) for kind in types]
