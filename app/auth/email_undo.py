"""Undoing a change of address: for a week the old mailbox can take the account back, and nobody gets its address."""

import secrets
import uuid
from datetime import datetime

import sqlalchemy as sa

from app.auth import security_log
from app.auth.email_tokens import Purpose, make_token, read_token
from app.auth.models import User
from app.auth.passwords import hash_password
from app.auth.sessions import end_sessions
from app.auth.ways_in import forget_ways_added_since
from app.database import db, utcnow
from app.urls import link_to

UNDONE_WITHIN = Purpose.UNDO_EMAIL_CHANGE.value


def is_reserved(email: str, *, but_for: uuid.UUID | None = None) -> bool:
    """Whether this address was somebody else's so lately that they may still take it back."""
    query = sa.select(User.id).where(User.previous_email == email, User.email_changed_at > utcnow() - UNDONE_WITHIN)
    return any(owner != but_for for owner in db.session.scalars(query))


def remember_previous(user: User, old_email: str) -> dict[str, str]:
    """Keep the address of before; return what its mail needs to undo the change.

    Only the first change of a week can be undone: a thief's second one leads back to their own first.
    """
    if user.previous_email and user.email_changed_at and user.email_changed_at > utcnow() - UNDONE_WITHIN:
        return {}
    user.previous_email, user.email_changed_at = old_email, utcnow()
    return {
        "url": link_to("auth.undo_email_change", token=make_token(user, Purpose.UNDO_EMAIL_CHANGE)),
        "undo_until": (user.email_changed_at + UNDONE_WITHIN).isoformat(),
    }


def owner_of_undo(token: str) -> User | None:
    """Whose change of address this token undoes, if it still works."""
    return read_token(token, Purpose.UNDO_EMAIL_CHANGE)


def undo_email_change(token: str) -> User | None:
    """Give the account back to its address of before, in the caller's transaction; None when the token does not work.

    Whoever changed it knew the password: that counts no more, nor does what was added lately, and all are signed out.
    """
    # Before the row is locked: hashing takes a while.
    db.session.rollback()
    nobodys = hash_password(secrets.token_hex())
    user = read_token(token, Purpose.UNDO_EMAIL_CHANGE)
    if user is None or user.previous_email is None or user.email_changed_at is None:
        return None
    # A thief adds their own way in before they move the account; what is older is the owner's.
    forget_ways_added_since(user.email_changed_at - UNDONE_WITHIN, user.id)
    user.email, user.email_verified_at = user.previous_email, utcnow()
    user.previous_email = user.email_changed_at = user.pending_email = user.verification_sent_at = None
    user.password_hash, user.password_changed_at = nobodys, utcnow()
    end_sessions(user.id)
    security_log.record(user.id, security_log.Kind.EMAIL_CHANGE_UNDONE)
    return user


def forget_previous(now: datetime) -> None:
    """Forget the addresses that can no longer be taken back, in the caller's transaction."""
    over = sa.update(User).where(User.email_changed_at < now - UNDONE_WITHIN)
    db.session.execute(over.values(previous_email=None, email_changed_at=None))
