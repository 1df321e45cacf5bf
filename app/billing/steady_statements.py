"""The two statements of `steady_state`, built once: one locks and reads, one writes."""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from threading import Lock
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.auth.models import User
from app.billing.models import RoleChange, StripeEvent, Subscription
from app.billing.roles import GRANTS, ORDERS, SUBSCRIPTIONS
from app.billing.snapshots import SubscriptionSnapshot
from app.database import db

Values = dict[str, Any]
_USERS = cast(sa.Table, User.__table__)
_SUBSCRIPTIONS = cast(sa.Table, Subscription.__table__)
_EVENTS = cast(sa.Table, StripeEvent.__table__)
_ROLE_CHANGES = cast(sa.Table, RoleChange.__table__)
_MIRRORED = tuple(field.name for field in fields(SubscriptionSnapshot))


def _binds(prefix: str, table: sa.Table, names: Iterable[str]) -> dict[str, sa.BindParameter[Any]]:
    """Parameters for these columns, such as `event_id` for `id`; `prefixed` names their values likewise."""
    return {name: sa.bindparam(f"{prefix}_{name}", type_=table.c[name].type) for name in names}


def prefixed(prefix: str, values: Values) -> Values:
    """These columns' values, by the names of their parameters."""
    return {f"{prefix}_{name}": value for name, value in values.items()}


_RECORDED_OUTCOME = sa.select(_EVENTS.c.outcome).where(_EVENTS.c.id == sa.bindparam("event_id"))
# The user is locked first, as everywhere; the mirror's row with it, so that it is read as it is behind the lock.
_LOCKED = (
    sa.select(
        *(_USERS.c[name] for name in ("id", "role", "role_expires_at", "role_recheck_at")),
        *(_SUBSCRIPTIONS.c[name] for name in (*_MIRRORED, "snapshot_at")),
    )
    .join_from(_SUBSCRIPTIONS, _USERS)
    .where(
        _SUBSCRIPTIONS.c.stripe_subscription_id == sa.bindparam("event_object_id"),
        _SUBSCRIPTIONS.c.stripe_account == sa.bindparam("home_account"),
        _SUBSCRIPTIONS.c.livemode == sa.bindparam("home_livemode"),
        ~sa.exists(_RECORDED_OUTCOME),
    )
    .with_for_update(of=[_USERS, _SUBSCRIPTIONS])
    .subquery("locked")
)
# One row in any case: a copy of a recorded event learns its outcome, and locks nothing.
_ONCE = sa.select(_RECORDED_OUTCOME.scalar_subquery().label("outcome")).subquery("recorded")
_LOCK_AND_READ = sa.select(_ONCE, _LOCKED).select_from(_ONCE.outerjoin(_LOCKED, sa.true()))

_OTHER_SUBSCRIPTIONS = SUBSCRIPTIONS.where(_SUBSCRIPTIONS.c.stripe_subscription_id != sa.bindparam("event_object_id"))
# psycopg keeps what it made of a statement only up to 4,096 characters: so no columns that nobody reads.
_OTHER_SOURCES = sa.or_(
    *(sa.exists(found.with_only_columns(sa.literal_column("1"))) for found in (_OTHER_SUBSCRIPTIONS, ORDERS, GRANTS))
)
_RECORD = _binds("event", _EVENTS, [column.name for column in _EVENTS.c if column.name != "error"])
_MIRROR = (
    sa.update(_SUBSCRIPTIONS)
    .where(_SUBSCRIPTIONS.c.stripe_subscription_id == sa.bindparam("event_object_id"))
    .values(_binds("new", _SUBSCRIPTIONS, (*_MIRRORED[1:], "snapshot_at")))
)
_SET_ROLE = (
    sa.update(_USERS)
    .where(_USERS.c.id == sa.bindparam("of_user"))
    .values(**_binds("user", _USERS, ("role", "role_expires_at")), role_recheck_at=sa.null())
)
_AUDIT = sa.insert(_ROLE_CHANGES).values(
    _binds("audit", _ROLE_CHANGES, [column.name for column in _ROLE_CHANGES.c if column.name != "id"])
)

# How the event is recorded; if it is not, its subscription and user, both locked. Every field may be None.
Found: Any = namedtuple("Found", list(_LOCK_AND_READ.selected_columns.keys()))  # type: ignore[misc]


def _record(insert: Any) -> Any:
    """Record the event; no row comes back when it is recorded already, or when the role has another source.

    That is looked at here and not when the row was locked: this statement sees all that was committed before the lock.
    """
    values = sa.select(*_RECORD.values()).where(sa.not_(_OTHER_SOURCES))
    new = insert(_EVENTS).from_select(list(_RECORD), values, include_defaults=False)
    return new.on_conflict_do_nothing().returning(_EVENTS.c.id)


class OnSqlite:
    """The transaction straight through the driver, with the write lock from its beginning."""

    # Threads of one process wait in line for SQLite's one writer; by themselves they would sleep and try again.
    _in_line = Lock()

    def __init__(self, engine: sa.Engine) -> None:
        self._in_line.acquire()
        self._connection = engine.raw_connection()
        self.commit, self.rollback = self._connection.commit, self._connection.rollback
        self._connection.cursor().execute("BEGIN IMMEDIATE")

    def close(self) -> None:
        """Give the connection back, and let the next one write."""
        self._connection.close()
        self._in_line.release()

    def lock_and_read(self, values: Values) -> Any:
        """The `Found` of an event."""
        row = self._execute(_LOCK_AND_READ, values).fetchone()
        return Found(*(read(field) if read else field for read, field in zip(_readers(), row, strict=True)))

    def write(self, values: Values, *, sets_role: bool, audits: bool) -> bool:
        """Record the event with its effects; False when `_record` says no, and the caller rolls back."""
        is_recorded = self._execute(_RECORD_ON_SQLITE, values).fetchone() is not None
        for effect in _effects(sets_role, audits) if is_recorded else ():
            self._execute(effect, values)
        return is_recorded

    def _execute(self, statement: sa.ClauseElement, values: Values) -> Any:
        sql, constants, writers = _on_sqlite(statement)
        written = {name: write(values[name]) if write else values[name] for name, write in writers.items()}
        return self._connection.cursor().execute(sql, constants | written)


class OnPostgresql:
    """The transaction straight through the driver, which takes and gives what the columns hold.

    SQLAlchemy's share of so small an execution would be the larger half.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._connection = engine.raw_connection()
        self.commit, self.rollback = self._connection.commit, self._connection.rollback
        self.close = self._connection.close

    def lock_and_read(self, values: Values) -> Any:
        """The `Found` of an event."""
        return Found._make(self._first_row(_lock_and_read(), values))

    def write(self, values: Values, *, sets_role: bool, audits: bool) -> bool:
        """Record the event with its effects, in one statement; False when `_record` says no."""
        values["event_changes"] = json.dumps(values["event_changes"])
        return self._first_row(_in_one_statement(sets_role, audits), values) is not None

    def _first_row(self, statement: tuple[str, Values], values: Values) -> Any:
        sql, constants = statement
        cursor = self._connection.cursor()
        cursor.execute(sql, constants | values)
        return cursor.fetchone()


def _effects(sets_role: bool, audits: bool) -> tuple[Any, ...]:
    return (_MIRROR, *([_SET_ROLE] if sets_role else []), *([_AUDIT] if audits else []))


@cache
def _lock_and_read() -> tuple[str, Values]:
    return _for_the_driver(_LOCK_AND_READ)


@cache
def _in_one_statement(sets_role: bool, audits: bool) -> tuple[str, Values]:
    parts = [effect.cte(f"effect_{number}") for number, effect in enumerate(_effects(sets_role, audits))]
    return _for_the_driver(_record(postgresql.insert).add_cte(*parts))


def _for_the_driver(statement: sa.ClauseElement) -> tuple[str, Values]:
    """The statement's text, and the values of the parameters that are constants of ours."""
    compiled = statement.compile(dialect=db.engine.dialect)
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}


_RECORD_ON_SQLITE = _record(sqlite.insert)
_SQLITE = sqlite.dialect(paramstyle="named")


@cache
def _on_sqlite(statement: sa.ClauseElement) -> tuple[str, Values, dict[str, Any]]:
    """The statement's text, the constants of ours in it, and how its values are written into SQLite's few types."""
    compiled: Any = statement.compile(dialect=_SQLITE)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    types = {name: bind.type for bind, name in compiled.bind_names.items() if name not in constants}
    writers = {name: kind.dialect_impl(_SQLITE).bind_processor(_SQLITE) for name, kind in types.items()}
    return str(compiled), constants, writers


@cache
def _readers() -> list[Any]:
    """How the columns that are read come back out of them."""
    types = [column.type.dialect_impl(_SQLITE) for column in _LOCK_AND_READ.selected_columns]
    return [kind.result_processor(_SQLITE, None) for kind in types]
