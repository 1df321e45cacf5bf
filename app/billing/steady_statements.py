"""The two statements of `steady_state`, built once: one locks and reads, one writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert, Update

from app.auth.models import User
from app.billing.models import RoleChange, StripeEvent, Subscription
from app.billing.roles import GRANTS, ORDERS, SUBSCRIPTIONS
from app.billing.snapshots import SubscriptionSnapshot

MIRRORED = tuple(field.name for field in fields(SubscriptionSnapshot))
_USERS = cast(sa.Table, User.__table__)
_SUBSCRIPTIONS = cast(sa.Table, Subscription.__table__)
_EVENTS = cast(sa.Table, StripeEvent.__table__)
_ROLE_CHANGES = cast(sa.Table, RoleChange.__table__)


def _binds(prefix: str, table: sa.Table, names: Iterable[str]) -> dict[str, sa.BindParameter[Any]]:
    """Parameters for these columns, such as `event_id` for `id`; `prefixed` names values likewise."""
    return {name: sa.bindparam(f"{prefix}_{name}", type_=table.c[name].type) for name in names}


def prefixed(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    """These columns' values, by the names of their parameters."""
    return {f"{prefix}_{name}": value for name, value in values.items()}


# The user is locked first, as everywhere; the mirror's row with it, so that it is read as it is behind the lock.
LOCK_AND_READ = (
    sa.select(
        *(_USERS.c[name] for name in ("id", "role", "role_expires_at", "role_recheck_at")),
        *(_SUBSCRIPTIONS.c[name] for name in (*MIRRORED, "snapshot_at")),
        sa.select(_EVENTS.c.outcome).where(_EVENTS.c.id == sa.bindparam("event_id")).scalar_subquery().label("outcome"),
    )
    .join_from(_SUBSCRIPTIONS, _USERS)
    .where(
        _SUBSCRIPTIONS.c.stripe_subscription_id == sa.bindparam("event_object_id"),
        _SUBSCRIPTIONS.c.stripe_account == sa.bindparam("home_account"),
        _SUBSCRIPTIONS.c.livemode == sa.bindparam("home_livemode"),
    )
    .with_for_update(of=[_USERS, _SUBSCRIPTIONS])
)

_OTHER_SUBSCRIPTIONS = SUBSCRIPTIONS.where(_SUBSCRIPTIONS.c.stripe_subscription_id != sa.bindparam("event_object_id"))
# psycopg keeps what it made of a statement only up to 4,096 characters: so no columns that nobody reads.
_OTHER_SOURCES = sa.or_(
    *(sa.exists(found.with_only_columns(sa.literal_column("1"))) for found in (_OTHER_SUBSCRIPTIONS, ORDERS, GRANTS))
)
_RECORDED = _binds("event", _EVENTS, [column.name for column in _EVENTS.c if column.name != "error"])
_MIRROR = (
    sa.update(_SUBSCRIPTIONS)
    .where(_SUBSCRIPTIONS.c.stripe_subscription_id == sa.bindparam("event_object_id"))
    .values(_binds("new", _SUBSCRIPTIONS, (*MIRRORED[1:], "snapshot_at")))
)
_SET_ROLE = (
    sa.update(_USERS)
    .where(_USERS.c.id == sa.bindparam("of_user"))
    .values(**_binds("user", _USERS, ("role", "role_expires_at")), role_recheck_at=None)
)
_AUDIT = sa.insert(_ROLE_CHANGES).values(
    _binds("audit", _ROLE_CHANGES, [column.name for column in _ROLE_CHANGES.c if column.name != "id"])
)


def write(connection: sa.Connection, values: dict[str, Any], *, sets_role: bool, audits: bool) -> bool:
    """Record the event with its effects; False, and the caller rolls back, when it is recorded already
    or when the role has another source.

    That is looked at here and not when the row was locked: this statement sees all that was committed before the lock.
    """
    effects = (_MIRROR, *([_SET_ROLE] if sets_role else []), *([_AUDIT] if audits else []))
    if connection.dialect.name == "postgresql":
        return connection.execute(_in_one_statement(effects), values).first() is not None
    is_recorded = connection.execute(_record(sqlite.insert(_EVENTS)), values).first() is not None
    for effect in effects if is_recorded else ():
        connection.execute(effect, values)
    return is_recorded


@cache
def _in_one_statement(effects: tuple[Update | Insert, ...]) -> sa.Executable:
    parts = [effect.cte(f"effect_{number}") for number, effect in enumerate(effects)]
    return _record(postgresql.insert(_EVENTS)).add_cte(*parts)


def _record(insert: Any) -> Any:
    values = sa.select(*_RECORDED.values()).where(sa.not_(_OTHER_SOURCES))
    new = insert.from_select(list(_RECORDED), values, include_defaults=False)
    return new.on_conflict_do_nothing().returning(_EVENTS.c.id)
