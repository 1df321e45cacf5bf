"""Forgetting what is too old to keep."""

import logging
from datetime import timedelta

import sqlalchemy as sa

from app.auth.models import UserSession
from app.billing.event_log import prune_payloads
from app.database import db, utcnow
from app.outbox import OutboxMail

logger = logging.getLogger(__name__)

# Stripe itself keeps events for 30 days; after that a payload is only of use to the curious.
EVENT_PAYLOADS = timedelta(days=90)
# The links in a mail are long dead by then. The row stays, so that its cause sends no second mail.
MAIL_CONTENTS = timedelta(days=30)


def clean_up() -> None:
    """Delete ended sessions, and empty old events and mails. Commits."""
    now = utcnow()
    sessions = db.session.execute(sa.delete(UserSession).where(UserSession.expires_at < now)).rowcount  # type: ignore[attr-defined]
    db.session.execute(
        sa.update(OutboxMail)
        .where(OutboxMail.created_at < now - MAIL_CONTENTS, OutboxMail.to_email != "")
        .values(context={}, to_email="")
    )
    db.session.commit()
    payloads = prune_payloads(EVENT_PAYLOADS)
    logger.info("Cleaned up: %s sessions, %s event payloads.", sessions, payloads)
