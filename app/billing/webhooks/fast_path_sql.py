"""The statements of `fast_path`: one that reads, and those that write what differs."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, cast

import sqlalchemy as sa

from app.auth.models import User
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.roles.decision import sources
from app.billing.subscriptions.snapshot import SubscriptionSnapshot

Values = dict[str, Any]
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
