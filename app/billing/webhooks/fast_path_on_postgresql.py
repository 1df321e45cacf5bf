"""The steady state on PostgreSQL: two prepared statements, each a transaction of its own, straight through libpq.

psycopg's cursor would cost a statement as small as these four times what libpq does; its adapters are used as they are.
https://www.psycopg.org/psycopg3/docs/api/pq.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from psycopg import IntegrityError, errors
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from app.billing.webhooks.fast_path_sql import LOCKED, READING, CurrentState, Values, WriteShape

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.pq.abc import PGresult

_DIALECT: Any = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_numbers = count(1)


@dataclass(frozen=True)
class _Prepared:
    """A statement by its name on every connection that has met it, and its parameters in order."""

    name: bytes
    sql: bytes
    parameters: tuple[str, ...]
    constants: Values


class OnPostgresql:
    """A connection of the pool."""

    def __init__(self, engine: sa.Engine) -> None:
        self._connection = engine.raw_connection()
        self.close = self._connection.close
        self._driver = cast("Connection[Any]", self._connection.driver_connection)
        # Kept with the connection for as long as it lasts.
        self._met: set[bytes] = self._connection.info.setdefault("fast_path_statements", set())

    def read(self, values: Values) -> Any:
        """The `CurrentState` of an event."""
        rows = Transformer(self._driver)
        rows.set_pgresult(self._execute(_reading(), values))
        return rows.load_row(0, CurrentState._make)

    def write(self, shape: WriteShape, values: Values) -> bool:
        """Record the event with its effects; False, with nothing written, when somebody came between."""
        values["event_changes"] = json.dumps(values["event_changes"])
        try:
            return self._execute(_writing(shape), values).command_tuples == 1
        except IntegrityError:
            return False

    def _execute(self, statement: _Prepared, values: Values) -> PGresult:
        try:
            return self._execute_prepared(statement, values)
        except (errors.InvalidSqlStatementName, errors.FeatureNotSupported):
            # psycopg lets all prepared statements go after a rollback; and one is of no use any more when a migration
            # has changed what it reads.
            self._driver.pgconn.exec_(b"DEALLOCATE " + statement.name)
            self._met.discard(statement.name)
            return self._execute_prepared(statement, values)

    def _execute_prepared(self, statement: _Prepared, values: Values) -> PGresult:
        libpq = self._driver.pgconn
        if statement.name not in self._met:
            self._succeeded(libpq.prepare(statement.name, statement.sql))
            self._met.add(statement.name)
        values = statement.constants | values
        parameters = [values[name] for name in statement.parameters]
        dumped: Any = Transformer(self._driver).dump_sequence(parameters, [PyFormat.TEXT] * len(parameters))
        return self._succeeded(libpq.exec_prepared(statement.name, dumped))

    def _succeeded(self, result: PGresult) -> PGresult:
        if result.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
            return result
        raise errors.error_from_result(result, encoding=self._driver.info.encoding)


@cache
def _reading() -> _Prepared:
    return _prepared(READING)


@lru_cache(maxsize=256)
def _writing(shape: WriteShape) -> _Prepared:
    """Everything in one statement: the event's record, with the other effects as data-modifying CTEs."""
    locked = shape.lock().returning(LOCKED).cte("locked")
    *effects, record = shape.effects(locked)
    return _prepared(record.add_cte(*(effect.cte(f"effect_{number}") for number, effect in enumerate(effects))))


def _prepared(statement: sa.ClauseElement) -> _Prepared:
    compiled: Any = statement.compile(dialect=_DIALECT)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    return _Prepared(b"steady_%d" % next(_numbers), str(compiled).encode(), tuple(compiled.positiontup), constants)
