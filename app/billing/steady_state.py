"""The steady state: an event, certainly newer, of a mirrored subscription that its user's role alone rests on.

Nearly every event is of this kind, so it is settled without the ORM, in four round trips to the database: BEGIN, one
statement that locks and reads, one that writes, COMMIT. The rules are those of `sync`, `roles` and `effects`;
whatever is not of this kind is left to the general way, in `sync.sync_from_event`.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from app.billing.accounts import Home
from app.billing.effects import Changes, difference
from app.billing.entitlement import RoleDecision, decide_by_subscription
from app.billing.incoming import Event
from app.billing.plans import Role
from app.billing.prices import plan_of
from app.billing.roles import role_change_values, sources_of
from app.billing.snapshots import SubscriptionSnapshot
from app.billing.statuses import ENDED_STATUSES, EventOutcome
from app.billing.steady_statements import OnPostgresql, OnSqlite, prefixed
from app.billing.sync import certain_snapshot
from app.database import db, utcnow


@dataclass(frozen=True)
class Settlement:
    """What an event comes to: the mirror's new values, the role that follows, and the difference."""

    values: dict[str, Any]
    decision: RoleDecision
    role_before: Role
    is_new_end: bool
    changes: Changes

    @property
    def is_new_role(self) -> bool:
        return self.decision.role != self.role_before

    @property
    def sets_role(self) -> bool:
        return self.is_new_role or self.is_new_end


def settle(event: Event, record: dict[str, Any], home: Home) -> EventOutcome | None:
    """Let the event take effect, and commit; None, with nothing written, when it is not of the steady state."""
    on_database = OnPostgresql if db.engine.dialect.name == "postgresql" else OnSqlite
    with closing(on_database(db.engine)) as transaction:
        outcome = _settle_in(transaction, event, record, home)
        # Also when nothing was written: psycopg forgets its prepared statements at a rollback.
        transaction.commit()
        return outcome


def _settle_in(
    transaction: OnPostgresql | OnSqlite, event: Event, record: dict[str, Any], home: Home
) -> EventOutcome | None:
    values = {**prefixed("event", record), "home_account": home.stripe_account, "home_livemode": home.livemode}
    found = transaction.lock_and_read(values)
    if found.outcome is not None:
        return EventOutcome(found.outcome) if found.outcome != EventOutcome.FAILED else None
    settlement = _settlement_of(event, found) if found.id else None
    if settlement is None:
        return None
    values |= sources_of(found.id, home) | _values(event, found, settlement)
    if transaction.write(values, sets_role=settlement.sets_role, audits=settlement.is_new_role):
        return EventOutcome.PROCESSED
    # Another source of the role, or a copy of the event that was quicker.
    transaction.rollback()
    return None


def _settlement_of(event: Event, found: Any) -> Settlement | None:
    snapshot = certain_snapshot(event, found)
    if snapshot is None or snapshot.status in ENDED_STATUSES:
        return None
    if plan_of(snapshot.stripe_price_id, snapshot.lookup_key) is None:
        if snapshot.stripe_price_id != found.stripe_price_id or not plan_of(None, found.lookup_key):
            return None
        # The price is the old one: the lookup key that it was sold under has moved to a newer price.
        snapshot = replace(snapshot, lookup_key=found.lookup_key)
    return _compare(snapshot, decide_by_subscription(snapshot, utcnow()), found)


def _compare(snapshot: SubscriptionSnapshot, decision: RoleDecision, found: Any) -> Settlement:
    values = snapshot.values()
    change = difference(found._asdict(), values)
    changes = {snapshot.stripe_subscription_id: change} if change else {}
    before = Role(found.role)
    if before != decision.role:
        changes["user"] = {"before": {"role": before.value}, "after": {"role": decision.role.value}}
    is_new_end = found.role_expires_at != decision.expires_at or found.role_recheck_at is not None
    return Settlement(values, decision, before, is_new_end, changes)


def _values(event: Event, found: Any, settlement: Settlement) -> dict[str, Any]:
    decision = settlement.decision
    return {
        **prefixed("new", settlement.values),
        "new_snapshot_at": event.created_at,
        "user_role": decision.role.value,
        "user_role_expires_at": decision.expires_at,
        **prefixed("audit", role_change_values(found.id, settlement.role_before, decision, event.id)),
        "event_outcome": EventOutcome.PROCESSED.value,
        "event_changes": settlement.changes or None,
    }
