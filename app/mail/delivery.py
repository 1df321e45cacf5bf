"""Delivering the outbox: each mail by one worker, again while the server is down, never lost."""

import logging
import uuid
from datetime import timedelta

import sqlalchemy as sa
from flask import current_app

from app.database import db, utcnow
from app.mail.outbox import OutboxMail

logger = logging.getLogger(__name__)

# Longer than any conversation with a mail server: until then nobody else takes a claimed mail.
LEASE = timedelta(minutes=10)
FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=6)
# A mail that nobody took for so long is no longer news. Its row stays, with the error.
GIVE_UP_AFTER = timedelta(days=7)
LONGEST_ERROR = 500


def deliver_due() -> int:
    """Send every mail that is due; return how many the server took. Commits after each."""
    # The admin pages import this module for a count; whoever delivers pays for the mail library.
    from app.mail import compose as mail

    sent = 0
    while row := _claim():
        try:
            message = mail.compose(row)
        except Exception as error:
            _put_off(row, error)
            continue
        # The mail server may take its time: no transaction is open meanwhile.
        db.session.rollback()
        try:
            mail.send(message)
        except (OSError, ValueError) as error:
            # ValueError: a setting that the library chokes on. One bad mail server must not end the job.
            _put_off(row, error, mail.refusal_for_good(error))
            if not isinstance(error, mail.OF_ONE_MAIL):
                break
        else:
            _mark_sent(row)
            sent += 1
    return sent


def count_stuck() -> int:
    """How many mails have waited for more than an hour and are still tried; those given up are none of them."""
    now = utcnow()
    waiting = sa.select(sa.func.count()).where(
        OutboxMail.sent_at.is_(None),
        OutboxMail.created_at < now - timedelta(hours=1),
        OutboxMail.created_at > now - GIVE_UP_AFTER,
        OutboxMail.refused_at.is_(None),
    )
    return db.session.scalar(waiting) or 0


def last_refusals(limit: int = 10) -> list[str]:
    """The mails that a server has refused for good in the last days, with what it said; the latest first."""
    query = sa.select(OutboxMail).where(OutboxMail.refused_at > utcnow() - GIVE_UP_AFTER)
    rows = db.session.scalars(query.order_by(OutboxMail.refused_at.desc()).limit(limit))
    return [f"{row.template} to {row.to_email}: {row.error}" for row in rows]


def _claim() -> OutboxMail | None:
    """Take one due mail for ourselves, and commit: no lock is held while the mail server talks.

    A worker that dies with a claimed mail leaves it to the next one, when the lease is over.
    """
    now = utcnow()
    due = (
        sa.select(OutboxMail)
        .where(
            OutboxMail.sent_at.is_(None),
            OutboxMail.next_try_at <= now,
            OutboxMail.created_at > now - GIVE_UP_AFTER,
            OutboxMail.refused_at.is_(None),
        )
        .order_by(OutboxMail.next_try_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row: OutboxMail | None = db.session.scalar(due)
    if row is not None:
        row.next_try_at = now + LEASE
    db.session.commit()
    return row


def _mark_sent(row: OutboxMail) -> None:
    row.sent_at, row.error = utcnow(), None
    if current_app.extensions["settings"].is_production:
        # Its links may still work. Elsewhere it stays, for /dev/mail.
        row.context = {}
        if row.cause.startswith("account_deleted:"):
            # Nobody has this address here any more.
            row.to_email = ""
    db.session.commit()
    logger.info("Mail %s (%s) was sent.", row.id, row.template)


def _put_off(row: OutboxMail, error: Exception, refusal: str | None = None) -> None:
    row_id: uuid.UUID = row.id
    db.session.rollback()
    row.tries += 1
    row.error = (refusal or f"{type(error).__name__}: {error}")[:LONGEST_ERROR]
    if refusal:
        row.refused_at = utcnow()
        db.session.commit()
        logger.warning("Mail %s was refused for good.", row_id)
        return
    delay = min(FIRST_DELAY * 2 ** min(row.tries - 1, 20), LONGEST_DELAY)
    row.next_try_at = utcnow() + delay
    db.session.commit()
    logger.warning("Mail %s (%s) could not be sent; next try in %s.", row_id, type(error).__name__, delay)
