"""The recorded events: how many failed, which came last, and forgetting the oldest payloads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.billing.models.stripe import StripeEvent
from app.billing.statuses import EventOutcome
from app.database import db, utcnow

# So many rows in one transaction that a webhook never waits long behind the clean-up.
BATCH = 500


@dataclass(frozen=True)
class EventFilter:
    """Which events to show."""

    outcome: EventOutcome | None = None
    type: str | None = None


def events_query(chosen: EventFilter) -> sa.Select[StripeEvent]:
    """The chosen events, without loading their payloads."""
    query = sa.select(StripeEvent).options(sa.orm.defer(StripeEvent.payload))
    if chosen.outcome:
        query = query.where(StripeEvent.outcome == chosen.outcome)
    if chosen.type:
        query = query.where(StripeEvent.type == chosen.type)
    return query


def recent_events(chosen: EventFilter, *, limit: int) -> list[StripeEvent]:
    """The newest of the chosen events."""
    newest = (StripeEvent.received_at.desc(), StripeEvent.id.desc())
    return list(db.session.scalars(events_query(chosen).order_by(*newest).limit(limit)))


def last_event() -> StripeEvent | None:
    """The event that came last."""
    return next(iter(recent_events(EventFilter(), limit=1)), None)


def last_event_about(object_id: str) -> StripeEvent | None:
    """The newest processed event whose object this was; looks through all of them, so for a command."""
    query = events_query(EventFilter(EventOutcome.PROCESSED)).where(StripeEvent.object_id == object_id)
    found: StripeEvent | None = db.session.scalar(query.order_by(StripeEvent.created_at.desc()).limit(1))
    return found


def came_of(event: StripeEvent) -> str:
    """What came of an event the last time that it was processed, in words."""
    if event.outcome == EventOutcome.FAILED:
        return f"Failed: {event.error}"
    elif event.outcome == EventOutcome.IGNORED:
        return "Ignored: it is about nothing of ours."
    else:
        return f"Processed. Changed: {', '.join(event.changes)}." if event.changes else "Processed. Nothing changed."


def count_failed() -> int:
    """How many events wait for another try."""
    query = sa.select(sa.func.count()).where(StripeEvent.outcome == EventOutcome.FAILED)
    return db.session.scalar(query) or 0


def failed_ids() -> list[str]:
    """The ids of the failed events, in the order in which they came."""
    query = sa.select(StripeEvent.id).where(StripeEvent.outcome == EventOutcome.FAILED)
    return list(db.session.scalars(query.order_by(StripeEvent.received_at)))


def prune_payloads(older_than: timedelta) -> int:
    """Empty the payloads of settled events that are older; return how many. Commits in small batches.

    The rows stay: they are what makes a late duplicate have no effect. Failed events keep everything.
    """
    pruned, after = 0, ""
    while ids := _old_ids(utcnow() - older_than, after):
        emptied = sa.update(StripeEvent).where(StripeEvent.id.in_(ids)).values(payload=None, changes=None)
        db.session.execute(emptied, execution_options={"synchronize_session": False})
        db.session.commit()
        pruned, after = pruned + len(ids), ids[-1]
    return pruned


def empty_payloads_about(customers: Sequence[str]) -> int:
    """Empty the payloads of settled events that name one of these customers; return how many. Commits in batches."""
    if not customers:
        return 0
    named = sa.or_(*(StripeEvent.payload.contains(f'"{customer}"', autoescape=True) for customer in customers))
    ids = list(db.session.scalars(sa.select(StripeEvent.id).where(named, StripeEvent.outcome != EventOutcome.FAILED)))
    for start in range(0, len(ids), BATCH):
        emptied = sa.update(StripeEvent).where(StripeEvent.id.in_(ids[start : start + BATCH]))
        db.session.execute(emptied.values(payload=None, changes=None), execution_options={"synchronize_session": False})
        db.session.commit()
    return len(ids)


def _old_ids(before: datetime, after: str) -> list[str]:
    query = sa.select(StripeEvent.id).where(
        StripeEvent.id > after,
        StripeEvent.received_at < before,
        StripeEvent.payload.is_not(None),
        StripeEvent.outcome != EventOutcome.FAILED,
    )
    return list(db.session.scalars(query.order_by(StripeEvent.id).limit(BATCH)))
