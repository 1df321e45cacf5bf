"""The statements of `fast_path`, one that reads, and those that write what differs; and a connection for them.

The statements are compiled once, and go to the driver's cursor as text. SQLAlchemy's own execution would cost more
than they do: see `benchmarks/README.md`.
"""

from __future__ import annotations

import fcntl
import os
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import lru_cache
from threading import Lock
from types import TracebackType
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from app.auth.models import User
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.roles.decision import sources
from app.billing.subscriptions.snapshot import SubscriptionSnapshot

Values = dict[str, Any]
Processor = Callable[[Any], Any] | None
_TURN_IN_THIS_PROCESS = Lock()
_USERS = cast(sa.Table, User.__table__)
_SUBSCRIPTIONS = cast(sa.Table, Subscription.__table__)
_EVENTS = cast(sa.Table, StripeEvent.__table__)
_ROLE_CHANGES = cast(sa.Table, RoleChange.__table__)
_RECORDED = [column.name for column in _EVENTS.c if column.name != "error"]
_AUDITED = [column.name for column in _ROLE_CHANGES.c if column.name != "id"]


def _binds(prefix: str, table: sa.Table, names: Iterable[str]) -> dict[str, sa.BindParameter[Any]]:
    """Parameters for these columns, such as `event_id` for `id`; `prefixed` names their values likewise."""
    return {name: sa.bindparam(f"{prefix}_{name}", type_=table.c[name].type) for name in names}


def prefixed(prefix: str, values: Values) -> Values:
    """These columns' values, by the names of their parameters."""
    return {f"{prefix}_{name}": value for name, value in values.items()}


def _reading() -> sa.Select[Any]:
    """One row in any case: how the event is recorded, and its subscription and user, each if they are known."""
    mirrored = _SUBSCRIPTIONS.alias("mirrored")
    outcome = sa.select(_EVENTS.c.outcome).where(_EVENTS.c.id == sa.bindparam("event_id")).scalar_subquery()
    once = sa.select(outcome.label("outcome")).subquery("recorded")
    is_mirrored = sa.and_(
        mirrored.c.stripe_subscription_id == sa.bindparam("event_object_id"),
        mirrored.c.stripe_account == sa.bindparam("scope_account"),
        mirrored.c.livemode == sa.bindparam("scope_livemode"),
    )
    subscriptions, *others = sources(_USERS.c.id)
    others.append(subscriptions.where(_SUBSCRIPTIONS.c.stripe_subscription_id != sa.bindparam("event_object_id")))
    has_other_sources = sa.or_(*(sa.exists(found.with_only_columns(sa.literal_column("1"))) for found in others))
    return sa.select(
        once.c.outcome,
        *(_USERS.c[name] for name in ("id", "billing_version", "role_expires_at", "role_recheck_at")),
        *(_USERS.c[name].label(f"user_{name}") for name in ("role", "role_rank", "plan_key", "role_scope")),
        *(mirrored.c[field.name] for field in fields(SubscriptionSnapshot)),
        mirrored.c.snapshot_at,
        has_other_sources.label("has_other_sources"),
    ).select_from(once.outerjoin(mirrored, is_mirrored).outerjoin(_USERS, mirrored.c.user_id == _USERS.c.id))


READING = _reading()
# What is known of an event before it takes effect. Every field may be None.
CurrentState: Any = namedtuple("CurrentState", list(READING.selected_columns.keys()))  # type: ignore[misc]


@dataclass(frozen=True)
class WriteShape:
    """Which columns of the mirror an event changes, and whether it sets the role and changes it.

    There are few in practice, so that their statements stay prepared.
    """

    changed: tuple[str, ...]
    sets_role: bool
    audits: bool

    def statements(self, dialect: sa.Dialect) -> list[Any]:
        """What writes it all, each giving one row or nothing is to be written.

        On PostgreSQL that is one statement, with the effects as data-modifying CTEs: one round trip, one transaction.
        """
        if dialect.name == "postgresql":
            locked = self.lock().returning(_USERS.c.id).cte("locked")
            *effects, record = self.effects(locked)
            return [record.add_cte(*(effect.cte(f"effect_{number}") for number, effect in enumerate(effects)))]
        else:
            return [self.lock(), *self.effects()]

    def lock(self) -> sa.Update:
        """Lock the user, provided that billing has not come near since the reading, and set the role."""
        role = {
            **_binds("user", _USERS, ("role", "role_rank", "plan_key", "role_expires_at", "role_scope")),
            "role_recheck_at": sa.null(),
        }
        return (
            sa.update(_USERS)
            .where(_USERS.c.id == sa.bindparam("of_user"))
            .where(_USERS.c.billing_version == sa.bindparam("read_version"))
            .values({"billing_version": _USERS.c.billing_version + 1, **(role if self.sets_role else {})})
        )

    def effects(self, locked: sa.CTE | None = None) -> list[Any]:
        """Everything else, the event's record last; with `locked`, only if that gave a row."""
        owner = sa.bindparam("of_user", type_=_USERS.c.id.type) if locked is None else locked.c.id
        mirror = (
            sa.update(_SUBSCRIPTIONS)
            .where(_SUBSCRIPTIONS.c.stripe_subscription_id == sa.bindparam("event_object_id"))
            .where(_SUBSCRIPTIONS.c.user_id == owner)
            .values(_binds("new", _SUBSCRIPTIONS, (*self.changed, "snapshot_at")))
        )
        audit = [_insert(_ROLE_CHANGES, "audit", _AUDITED, locked)] if self.audits else []
        return [mirror, *audit, _insert(_EVENTS, "event", _RECORDED, locked)]


def _insert(table: sa.Table, prefix: str, names: list[str], locked: sa.CTE | None) -> sa.Insert:
    row = sa.select(*_binds(prefix, table, names).values())
    if locked is not None:
        row = row.select_from(locked)
    return sa.insert(table).from_select(names, row, include_defaults=False)


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
