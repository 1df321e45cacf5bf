"""What the strip above every page tells in development: how much mail is new, and what time it is at the emulator."""

import json
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from urllib.request import urlopen

import sqlalchemy as sa
from flask import current_app, request

from app.config.settings import Settings
from app.database import db, utcnow
from app.mail.outbox import OutboxMail

SEEN_COOKIE = "dev_mail_seen"
SECONDS = 0.5
# Less is the time that the question took.
LEAST_MOVE = timedelta(minutes=1)


def unread_mails() -> int:
    """How many mails were written since this browser last looked at `/dev/mail`; 0 while the database is away."""
    seen_at = mails_seen_at()
    written = sa.select(sa.func.count()).select_from(OutboxMail).where(OutboxMail.to_email != "")
    try:
        return db.session.scalar(written.where(OutboxMail.created_at > seen_at) if seen_at else written) or 0
    except sa.exc.SQLAlchemyError:
        return 0


def mails_seen_at() -> datetime | None:
    """When the newest mail was written that this browser has been shown; None before the first."""
    try:
        return datetime.fromisoformat(request.cookies.get(SEEN_COOKIE, ""))
    except ValueError:
        return None


def moved_clock() -> datetime | None:
    """The emulator's time where somebody moved its clock; None while it is the real time, or nobody answers."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.uses_emulator:
        return None
    try:
        with urlopen(f"{settings.stripe_base}/_emulator/status", timeout=SECONDS) as answer:  # noqa: S310
            at = datetime.fromtimestamp(json.load(answer)["now"], UTC)
    except (OSError, HTTPException, ValueError, KeyError):
        return None
    return at if abs(at - utcnow()) > LEAST_MOVE else None
