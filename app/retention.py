"""Forgetting what is too old to keep."""

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.account.models import DeletedAccount
from app.account.remains import empty_events_of_deleted
from app.auth.email_undo import forget_previous
from app.auth.factors.authenticator import renew_encryption
from app.auth.models import SecurityEvent, UserSession
from app.auth.used_tokens import forget_used_tokens
from app.billing.webhooks.log import prune_payloads
from app.database import db, utcnow
from app.mail.alerts import forget_old_alerts
from app.mail.delivery import GIVE_UP_AFTER
from app.mail.outbox import OutboxMail
from app.postgresql import unhurried

logger = logging.getLogger(__name__)

# Stripe itself keeps events for 30 days; after that a payload is only of use to the curious.
EVENT_PAYLOADS = timedelta(days=90)
# A mail is emptied as it is sent; one that nobody took, when it is given up, and then its address is forgotten too.
# The row stays, so that its cause sends no second mail.
MAIL_ADDRESSES = timedelta(days=30)
# What happened to an account is shown to its owner for a year; tries at addresses without one serve nobody.
HISTORY = timedelta(days=365)
TRIES_AT_NOBODY = timedelta(days=7)


def clean_up() -> None:
    """Delete ended sessions, old history and old alerts, and empty old events and mails. Commits."""
    now = utcnow()
    unhurried(db.session.connection())
    sessions = db.session.execute(sa.delete(UserSession).where(UserSession.expires_at < now)).rowcount  # type: ignore[attr-defined]
    _empty_mails(now)
    forget_previous(now)
    is_nobodys = sa.and_(SecurityEvent.user_id.is_(None), SecurityEvent.at < now - TRIES_AT_NOBODY)
    db.session.execute(sa.delete(SecurityEvent).where(sa.or_(SecurityEvent.at < now - HISTORY, is_nobodys)))
    db.session.execute(sa.delete(DeletedAccount).where(DeletedAccount.deleted_at < now - HISTORY))
    forget_old_alerts()
    forget_used_tokens()
    db.session.commit()
    renew_encryption()
    empty_events_of_deleted(now)
    payloads = prune_payloads(EVENT_PAYLOADS)
    logger.info("Cleaned up: %s sessions, %s event payloads.", sessions, payloads)


def _empty_mails(now: datetime) -> None:
    given_up = sa.and_(OutboxMail.sent_at.is_(None), OutboxMail.created_at < now - GIVE_UP_AFTER)
    with_address = sa.update(OutboxMail).where(OutboxMail.to_email != "")
    db.session.execute(with_address.where(given_up).values(context={}))
    db.session.execute(with_address.where(OutboxMail.created_at < now - MAIL_ADDRESSES).values(context={}, to_email=""))
