"""Events: which are handled and why, and how one takes effect exactly once."""

import logging
from typing import Any

import sqlalchemy as sa

from app import metrics
from app.billing.asking import ask_then_lock
from app.billing.changes import IGNORED, Effect
from app.billing.errors import ForeignMode, StripeObjectMissing, UnknownEvent
from app.billing.gateway.account import StripeScope, connected_account, current_scope, own_account
from app.billing.gateway.client import get_gateway
from app.billing.models.stripe import StripeEvent
from app.billing.statuses import EventOutcome
from app.billing.webhooks import fast_path
from app.billing.webhooks.event import Event
from app.billing.webhooks.handlers import HANDLERS
from app.billing.webhooks.log import count_failed
from app.database import db, end_transaction, insert
from app.logs import add_facts
from app.mail.alerts import end_alert, raise_alert

logger = logging.getLogger(__name__)
HANDLED_TYPES = tuple(HANDLERS)
LONGEST_ERROR = 500
FAILED_EVENTS = "failed_events"


def receive(body: bytes, signature: str | None) -> EventOutcome:
    """Verify a webhook's body and process its event; what the webhook's route calls.

    A thin event is ignored, and so is one of the other mode where an account is connected: Stripe sends test events to
    live Connect endpoints. Raises `WebhookRefused` with nothing stored; any other exception means that processing
    failed, and that the event stays recorded with the error.
    """
    get_gateway().verify_signature(body, signature)
    event = Event.parse(body)
    metrics.note_webhook_age(event.created_at)
    add_facts(event_id=event.id, event_type=event.type)
    if event.is_thin or (not _is_of_our_mode(event) and connected_account()):
        return _ignore(event)
    return process(_of_our_mode(event))


def replay(event_id: str) -> EventOutcome:
    """Process a recorded event again, whatever came of it; raises `UnknownEvent` or `ForeignMode`."""
    body = db.session.scalar(sa.select(StripeEvent.payload).where(StripeEvent.id == event_id))
    db.session.rollback()
    if body is None:
        raise UnknownEvent(f"No event {event_id} is recorded with its payload.")
    return process(_of_our_mode(Event.parse(body.encode())), again=True)


def _of_our_mode(event: Event) -> Event:
    if not _is_of_our_mode(event):
        mode = "live" if event.livemode else "test"
        raise ForeignMode(f"A {mode} endpoint sends here, and STRIPE_SECRET_KEY is of the other mode (test or live).")
    return event


def _is_of_our_mode(event: Event) -> bool:
    return event.livemode == get_gateway().livemode


def _ignore(event: Event) -> EventOutcome:
    """Record an event that we do not read. Commits."""
    end_transaction()
    _record(event, IGNORED, again=False)
    db.session.commit()
    return EventOutcome.IGNORED


def process(event: Event, *, again: bool = False) -> EventOutcome:
    """Let an event take effect: its effects, its record and the audit in one transaction.

    An event that was processed before changes nothing, however many copies arrive at once: whoever writes the
    record first wins, and the others roll back. Commits.
    """
    try:
        scope = _scope_of(event)
        # The short way. Without these two lines and `fast_path*.py`, every event goes the general way below.
        if scope and not again and (outcome := fast_path.apply(event, scope)):
            return outcome
        outcome = ask_then_lock(lambda: _take_effect(event, scope, again))
        db.session.commit()
        return outcome
    except Exception as error:
        db.session.rollback()
        if not again:
            # Whoever asked for a replay is told by the exception.
            logger.exception("Event %s (%s) could not be processed.", event.id, event.type)
        _record_failure(event, error)
        raise


def _scope_of(event: Event) -> StripeScope | None:
    """The account and mode to handle the event in; None when it has no handler, or is of an account of others'.

    An event that names no account is of the key's own.
    """
    if event.type not in HANDLERS or not event.object_id:
        return None
    scope = current_scope()
    account = event.account or own_account(get_gateway())
    return scope if account == scope.stripe_account else None


def _take_effect(event: Event, scope: StripeScope | None, again: bool) -> EventOutcome:
    """Write the event's effects, the audit and its record, unless another has done so."""
    recorded = _recorded_outcome(event.id)
    if recorded not in (None, EventOutcome.FAILED) and not again:
        return EventOutcome(recorded)
    effect = _effect_of(event, scope)
    if not _record(event, effect, again):
        db.session.rollback()
    elif recorded == EventOutcome.FAILED and not count_failed():
        end_alert(FAILED_EVENTS)
    return effect.outcome


def _effect_of(event: Event, scope: StripeScope | None) -> Effect:
    if scope is None:
        return IGNORED
    try:
        return HANDLERS[event.type](event, scope)
    except StripeObjectMissing as error:
        # Nothing takes effect by half.
        db.session.rollback()
        logger.warning("Event %s is about an object that Stripe no longer has: %s", event.id, error)
        return IGNORED


def _recorded_outcome(event_id: str) -> str | None:
    outcome: str | None = db.session.scalar(sa.select(StripeEvent.outcome).where(StripeEvent.id == event_id))
    return outcome


def _record(event: Event, effect: Effect, again: bool) -> bool:
    """Write the event's record; False when another has processed it meanwhile."""
    new = insert(StripeEvent).values(**event.record(), outcome=effect.outcome, changes=effect.changes or None)
    taken_over: dict[str, Any] = {
        "outcome": new.excluded.outcome,
        "changes": new.excluded.changes,
        "tries": StripeEvent.tries + 1,
        "error": None,
    }
    where = None if again else StripeEvent.outcome == EventOutcome.FAILED
    upsert = new.on_conflict_do_update(index_elements=["id"], set_=taken_over, where=where)
    return db.session.execute(upsert.returning(StripeEvent.id)).first() is not None


def _record_failure(event: Event, error: Exception) -> None:
    """Keep the event with its error and the number of tries, in a transaction of its own."""
    text = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
    new = insert(StripeEvent).values(**event.record(), outcome=EventOutcome.FAILED, error=text)
    again = {"tries": StripeEvent.tries + 1, "error": new.excluded.error, "outcome": new.excluded.outcome}
    where = StripeEvent.outcome == EventOutcome.FAILED
    kept = new.on_conflict_do_update(index_elements=["id"], set_=again, where=where).returning(StripeEvent.id)
    try:
        # The replay of one that took effect before leaves it at that.
        if db.session.execute(kept).first():
            raise_alert(FAILED_EVENTS, f"An event could not be processed: {event.id} ({event.type}).")
        db.session.commit()
    except sa.exc.SQLAlchemyError:
        # The database itself is what failed; Stripe sends the event again.
        db.session.rollback()
