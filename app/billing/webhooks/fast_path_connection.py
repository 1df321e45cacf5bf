"""A pooled connection for `fast_path`: its statements are compiled once, and go to the driver's cursor as text.

SQLAlchemy's own execution would cost more than the statements do: see `benchmarks/README.md`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from types import TracebackType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from app.billing.webhooks.fast_path_sql import READING, CurrentState, Values, WriteShape

Processor = Callable[[Any], Any] | None
_TURN_IN_THIS_PROCESS = Lock()


@dataclass(frozen=True)
class DriverStatement:
    """A statement as the driver takes it: its text, the constants in it, and how each value is written and read."""

    text: str
    constants: Values
    writers: dict[str, Processor]
    readers: list[Processor]

    def parameters(self, values: Values) -> Values:
        """The values as the driver takes them, with the constants."""
        written = {name: write(values[name]) if write else values[name] for name, write in self.writers.items()}
        return self.constants | written


class FastConnection:
    """A connection that commits each statement by itself, until it goes back to the pool."""

    def __init__(self, engine: sa.Engine) -> None:
        self._database = engine.url.database
        self._dialect = engine.dialect
        self._is_postgresql = engine.dialect.name == "postgresql"
        self._pooled = engine.raw_connection()
        # SQLite's connections are of this kind anyway: `database` begins their transactions.
        self._set_autocommit(True)
        self._cursor = self._pooled.cursor()

    def __enter__(self) -> FastConnection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self._set_autocommit(False)
            self._pooled.close()
        else:
            self._pooled.invalidate()

    def read(self, values: Values) -> Any:
        """The `CurrentState` of an event."""
        statement = _for_the_driver(READING, self._dialect)
        self._execute(statement.text, statement.parameters(values))
        row = self._cursor.fetchone() or ()
        return CurrentState(*[
            read(field) if read and field is not None else field
            for read, field in zip(statement.readers, row, strict=True)
        ])  # fmt: skip

    def write(self, shape: WriteShape, values: Values) -> bool:
        """Record the event with its effects; False, with nothing written, when somebody came between."""
        written = [(one.text, one.parameters(values)) for one in _writing(shape, self._dialect)]
        try:
            return self._execute(*written[0]) == 1 if self._is_postgresql else self._write_in_turn(written)
        except self._dialect.loaded_dbapi.IntegrityError:
            self._pooled.rollback()
            return False

    def _write_in_turn(self, statements: list[tuple[str, Values]]) -> bool:
        with _turn(self._database):
            self._cursor.execute("BEGIN IMMEDIATE")
            is_written = all(self._execute(*statement) == 1 for statement in statements)
            self._cursor.execute("COMMIT" if is_written else "ROLLBACK")
            return is_written

    def _execute(self, text: str, parameters: Values) -> int:
        """Run it; the number of rows that it gives."""
        self._cursor.execute(text, parameters)
        return self._cursor.rowcount

    def _set_autocommit(self, is_on: bool) -> None:
        if self._is_postgresql:
            driver: Any = self._pooled.driver_connection
            driver.autocommit = is_on


@contextmanager
def _turn(database: str | None) -> Iterator[None]:
    """Wait for one's turn to write to a SQLite file, among all processes; SQLite itself would sleep and try again.

    It spares time and decides nothing: whoever writes without it meets SQLite's own lock.
    """
    with _TURN_IN_THIS_PROCESS:
        turn = os.open(f"{database}-line", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield
        finally:
            os.close(turn)


@lru_cache(maxsize=256)
def _writing(shape: WriteShape, dialect: sa.Dialect) -> list[DriverStatement]:
    return [_for_the_driver(statement, dialect) for statement in shape.statements(dialect)]


@lru_cache(maxsize=4)
def _for_the_driver(statement: Any, dialect: sa.Dialect) -> DriverStatement:
    # By name: SQLite's driver takes that as well as the marks that SQLAlchemy writes for it.
    named = dialect if dialect.name == "postgresql" else sqlite.dialect(paramstyle="named")
    compiled = statement.compile(dialect=named)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    binds = {name: bind.type for bind, name in compiled.bind_names.items() if name not in constants}
    return DriverStatement(
        text=str(compiled),
        constants=constants,
        writers={name: kind.dialect_impl(dialect).bind_processor(dialect) for name, kind in binds.items()},
        readers=[
            column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in getattr(statement, "selected_columns", ())
        ],
    )
