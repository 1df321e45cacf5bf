"""The event log: what came from Stripe, what came of it, and doing it again."""

import json

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug import Response

from app.admin.filters import DayRange, counted
from app.admin.paging import newest_first
from app.admin.record_routes import asked_for
from app.audit import Act, ActKind, record_act
from app.billing.errors import UnknownEvent
from app.billing.models.stripe import StripeEvent
from app.billing.statuses import EventOutcome
from app.billing.webhooks import log as event_log
from app.billing.webhooks import process as billing_events
from app.billing.webhooks.log import EventFilter, events_query
from app.billing.webhooks.process import HANDLED_TYPES
from app.database import db

LOOKED_THROUGH = 100_000


def events() -> str:
    """The recorded events, newest first."""
    outcomes = {outcome.value: outcome for outcome in EventOutcome}
    chosen = EventFilter(outcomes.get(request.args.get("outcome", "")), request.args.get("type") or None)
    days = DayRange.from_request()
    query = days.within(events_query(chosen), StripeEvent.received_at)
    # The few that failed have an index of their own; of others one would have to look through all that came.
    is_few = chosen.outcome == EventOutcome.FAILED
    is_counted = is_few or chosen == EventFilter()
    page = newest_first(
        query,
        StripeEvent.received_at,
        StripeEvent.id,
        request.args.get("after"),
        until=days.until,
        look_through=None if is_counted else LOOKED_THROUGH,
    )
    return render_template(
        "admin/events.html",
        page=page,
        total=counted(query, page) if is_counted else None,
        chosen=chosen,
        outcomes=list(outcomes),
        types=sorted(HANDLED_TYPES),
        asked=asked_for("outcome", "type", "from", "to"),
    )


def event(event_id: str) -> str:
    """One event: its payload, its outcome and what it changed."""
    found = db.session.get(StripeEvent, event_id) or abort(404)
    return render_template("admin/event.html", event=found, payload=_readable(found.payload))


def replay_event(event_id: str) -> Response:
    """Process an event again."""
    try:
        outcome = billing_events.replay(event_id)
    except UnknownEvent as error:
        flash(str(error), "warn")
    except Exception as error:
        # It is recorded with the event, which the operator is shown next.
        current_app.logger.exception("Event %s could not be replayed.", event_id)
        flash(f"The event failed again: {type(error).__name__}.", "danger")
    else:
        flash(f"{outcome.value.capitalize()}.", "success")
    return redirect(url_for("admin.event", event_id=event_id), 303)


def replay_failed() -> Response:
    """Process every failed event again, oldest first; whatever becomes of one, the next gets its turn."""
    chosen, still_failing = event_log.failed_ids(), 0
    for event_id in chosen:
        try:
            billing_events.replay(event_id)
        except Exception:
            current_app.logger.exception("Event %s could not be replayed.", event_id)
            still_failing += 1
    record_act(Act(ActKind.REPLAY, current_user.email, subject=f"{len(chosen)} events"))
    db.session.commit()
    if still_failing:
        flash(f"{len(chosen) - still_failing} processed; {still_failing} failed again.", "danger")
    else:
        flash(f"{len(chosen)} processed.", "success")
    return redirect(url_for("admin.events", outcome=EventOutcome.FAILED.value if still_failing else None), 303)


def _readable(payload: str | None) -> str | None:
    try:
        text = json.dumps(json.loads(payload), indent=2, ensure_ascii=False) if payload else None
    except ValueError:
        text = payload
    # JSON can write halves of characters, which no page can hold.
    return text.encode(errors="replace").decode() if text else None
