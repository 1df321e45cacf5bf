"""The short way of nearly every event: certainly newer, of a known subscription that its user's role alone rests on.

It takes effect without the ORM, in two round trips to the database: one statement reads, without a lock; one writes
everything, provided that billing has not locked the user since (`billing_version`). The rules are those of
`subscription_events` and `roles.decision`; whatever is not of this kind is left to the general way, in `process`.
"""

from dataclasses import dataclass, replace
from typing import Any

from app.billing.catalog.entitlements import RoleDecision, decide_by_subscription
from app.billing.changes import Changes, difference
from app.billing.gateway.account import StripeScope
from app.billing.statuses import ENDED_STATUSES, EventOutcome
from app.billing.subscriptions.snapshot import SubscriptionSnapshot
from app.billing.webhooks.event import Event, certain_snapshot
from app.billing.webhooks.fast_path_sql import FastConnection, WriteShape, prefixed
from app.billing.webhooks.handlers import HANDLERS
from app.billing.webhooks.subscription_events import on_subscription_changed
from app.database import db, end_transaction, utcnow


@dataclass(frozen=True)
class PlannedWrite:
    """What an event comes to: the mirror's new values, the role that follows, and the difference."""

    values: dict[str, Any]
    decision: RoleDecision
    changes: Changes
    shape: WriteShape


def apply(event: Event, scope: StripeScope) -> EventOutcome | None:
    """Let the event take effect. Commits; None, with nothing written, when it is not of this kind."""
    if HANDLERS[event.type] is not on_subscription_changed:
        return None
    # What was read so far was read in the session's transaction; this is another one.
    end_transaction()
    try:
        return _apply_once(event, scope)
    except db.engine.dialect.loaded_dbapi.NotSupportedError:
        # A migration has changed what the connections' prepared statements read: new connections prepare them anew.
        db.engine.dispose()
        return _apply_once(event, scope)


def _apply_once(event: Event, scope: StripeScope) -> EventOutcome | None:
    with FastConnection(db.engine) as connection:
        return apply_on(connection, event, scope)


def apply_on(connection: FastConnection, event: Event, scope: StripeScope) -> EventOutcome | None:
    """The same on an open connection: read, decide, write."""
    at_scope = {"scope_account": scope.stripe_account, "scope_livemode": scope.livemode, "at": utcnow()}
    values = prefixed("event", event.record()) | at_scope
    found = connection.read(values)
    if found.outcome is not None:
        return EventOutcome(found.outcome) if found.outcome != EventOutcome.FAILED else None
    planned = _plan_write(event, found, scope) if found.id and not found.has_other_sources else None
    if planned is None:
        return None
    values |= _values(event, found, planned, scope)
    return EventOutcome.PROCESSED if connection.write(planned.shape, values) else None


def _plan_write(event: Event, found: Any, scope: StripeScope) -> PlannedWrite | None:
    snapshot = certain_snapshot(event, found)
    if snapshot is None or snapshot.status in ENDED_STATUSES:
        return None
    if snapshot.plan_key is None:
        if snapshot.stripe_price_id != found.stripe_price_id or found.role is None:
            return None
        # The catalogue knows the price no more: what it bought is remembered.
        snapshot = replace(snapshot, plan_key=found.plan_key, role=found.role, role_rank=found.role_rank)
    return _compare(snapshot, decide_by_subscription(snapshot, utcnow()), found, scope)


def _compare(snapshot: SubscriptionSnapshot, decision: RoleDecision, found: Any, scope: StripeScope) -> PlannedWrite:
    values = snapshot.values()
    change = difference(found._asdict(), values)
    changes = {snapshot.stripe_subscription_id: change} if change else {}
    is_new_role = decision.role.key != found.user_role
    if is_new_role:
        changes["user"] = {"before": {"role": found.user_role}, "after": {"role": decision.role.key}}
    decided = (decision.role.key, decision.role.rank, decision.plan_key, scope.name, decision.expires_at, None)
    stands = (found.user_role, found.user_role_rank, found.user_plan_key, found.user_role_scope)
    sets_role = decided != (*stands, found.role_expires_at, found.role_recheck_at)
    shape = WriteShape(tuple(change.get("after", ())), sets_role=sets_role, audits=is_new_role)
    return PlannedWrite(values, decision, changes, shape)


def _values(event: Event, found: Any, planned: PlannedWrite, scope: StripeScope) -> dict[str, Any]:
    decision = planned.decision
    audit = decision.audit(found.id, found.user_role, event.id) if planned.shape.audits else {}
    return {
        **prefixed("new", {name: planned.values[name] for name in planned.shape.changed}),
        "new_snapshot_at": event.created_at,
        "of_user": found.id,
        "read_version": found.billing_version,
        "user_role": decision.role.key,
        "user_role_rank": decision.role.rank,
        "user_plan_key": decision.plan_key,
        "user_role_expires_at": decision.expires_at,
        "user_role_scope": scope.name,
        **prefixed("audit", audit),
        "event_outcome": EventOutcome.PROCESSED.value,
        "event_changes": planned.changes or None,
    }
