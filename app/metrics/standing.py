"""How things stand: people, mails and jobs, as the database and the queue say."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from app import jobs
from app.auth.models import User
from app.database import db, utcnow
from app.mail.delivery import GIVE_UP_AFTER, count_stuck
from app.mail.outbox import OutboxMail


def count_users() -> dict[tuple[str, ...], int]:
    """How many have each role, and by which plan; what the operator or nobody gave has none."""
    query = sa.select(User.role, User.plan_key, sa.func.count()).group_by(User.role, User.plan_key)
    return {(role, plan or "none"): count for role, plan, count in db.session.execute(query)}


def count_mails() -> dict[tuple[str, ...], int]:
    """How many mails wait, how many of them for long, and how many are not tried any more."""
    unsent = sa.select(sa.func.count()).where(OutboxMail.sent_at.is_(None))
    is_given_up = sa.or_(OutboxMail.created_at <= utcnow() - GIVE_UP_AFTER, OutboxMail.refused_at.is_not(None))
    given_up = db.session.scalar(unsent.where(is_given_up)) or 0
    waiting = db.session.scalar(unsent.where(~is_given_up)) or 0
    return {("waiting",): waiting, ("stuck",): count_stuck(), ("given_up",): given_up}


def jobs_standing() -> Iterator[tuple[str, str, float]]:
    """What the queue says; 0 for what never happened, and nothing at all when the queue cannot be reached."""
    try:
        queued = jobs.get_jobs().huey.pending_count()
        beat, night = jobs.last_heartbeat(), jobs.last_reconcile()
    except Exception:  # Redis's errors are not known without Redis.
        yield "jobs_queue_up", "Whether the queue can be reached.", 0
    else:
        yield "jobs_queue_up", "Whether the queue can be reached.", 1
        yield "jobs_queued", "Jobs that wait.", queued
        yield "jobs_heartbeat_timestamp_seconds", "When `flask jobs run` last showed itself.", _seconds(beat)
        yield (
            "jobs_night_timestamp_seconds",
            "When the night's work was last done.",
            _seconds(night["at"] if night else None),
        )


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at else 0
