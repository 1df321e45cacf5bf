"""The event log: what came from Stripe, what came of it, and doing it again."""

import json

import sqlalchemy as sa
from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug import Response

from app.admin.filters import DayRange, counted
from app.admin.lists import LISTS, asked_of, chosen_rows, scope_to_show
from app.admin.paging import newest_first
from app.audit import Act, ActKind, record_act, recorded
from app.billing.errors import UnknownEvent
from app.billing.models.stripe import StripeEvent
from app.billing.statuses import EventOutcome
from app.billing.webhooks import log as event_log
from app.billing.webhooks import process as billing_events
from app.billing.webhooks.log import came_of
from app.billing.webhooks.process import HANDLED_TYPES
from app.database import db

LOOKED_THROUGH = 100_000


def events() -> str:
    """The recorded events, newest first."""
    listed = LISTS["events"]
    query, asked = chosen_rows(listed, scope_to_show()).options(sa.orm.defer(StripeEvent.payload)), asked_of(listed)
    # The few that failed have an index of their own; of others one would have to look through all that came.
    is_few = asked.get("outcome") == EventOutcome.FAILED
    is_counted = is_few or asked.keys() <= {"from", "to", "replayed"}
    page = newest_first(
        query,
        StripeEvent.received_at,
        StripeEvent.id,
        request.args.get("after"),
        until=DayRange.from_request().until,
        look_through=None if is_counted else LOOKED_THROUGH,
    )
    return render_template(
        "admin/events.html",
        page=page,
        total=counted(query, page) if is_counted else None,
        is_failed=is_few,
        outcomes=list(EventOutcome),
        types=sorted(HANDLED_TYPES),
        asked=asked,
        came_of=came_of,
    )


def event(event_id: str) -> str:
    """One event: its payload, its outcome and what it changed."""
    found = db.session.get(StripeEvent, event_id) or abort(404)
    return render_template("admin/event.html", event=found, payload=_readable(found.payload))


def replay_event(event_id: str) -> Response:
    """Process an event again, and say what came of it."""
    try:
        words, tone = _replay(event_id), "success"
    except UnknownEvent as error:
        words, tone = str(error), "warn"
    except Exception as error:
        # It is recorded with the event, which the operator is shown next.
        words, tone = f"The event failed again: {type(error).__name__}.", "danger"
    flash(words, tone)
    return redirect(url_for("admin.event", event_id=event_id), 303)


def replay_failed() -> Response:
    """Process every failed event again, oldest first, and list what came of each; none keeps the next from its turn."""
    chosen, came = event_log.failed_ids(), {}
    for event_id in chosen:
        try:
            came[event_id] = billing_events.replay(event_id).value
        except Exception:
            current_app.logger.exception("Event %s could not be replayed.", event_id)
            came[event_id] = EventOutcome.FAILED.value
    row = record_act(Act(ActKind.REPLAY, current_user.email, subject=f"{len(chosen)} events", changes=came))
    db.session.commit()
    still_failing = list(came.values()).count(EventOutcome.FAILED)
    if still_failing:
        flash(f"{len(chosen) - still_failing} processed; {still_failing} failed again.", "danger")
    else:
        flash(f"{len(chosen)} processed.", "success")
    return redirect(url_for("admin.events", replayed=row.id), 303)


def _replay(event_id: str) -> str:
    with recorded(Act(ActKind.REPLAY, current_user.email, subject=event_id)):
        try:
            billing_events.replay(event_id)
        except Exception as error:
            if not isinstance(error, UnknownEvent):
                current_app.logger.exception("Event %s could not be replayed.", event_id)
            raise
    return came_of(db.session.get_one(StripeEvent, event_id, populate_existing=True))


def _readable(payload: str | None) -> str | None:
    try:
        text = json.dumps(json.loads(payload), indent=2, ensure_ascii=False) if payload else None
    except ValueError:
        text = payload
    # JSON can write halves of characters, which no page can hold.
    return text.encode(errors="replace").decode() if text else None
