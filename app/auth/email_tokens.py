"""Links in mails: signed, timed, and good for one use, because they name the state that their use changes."""

import hashlib
import hmac
import uuid
from datetime import timedelta
from enum import Enum

import sqlalchemy as sa
from itsdangerous import BadData
from itsdangerous.encoding import base64_decode, base64_encode

from app.auth.models import User
from app.database import db
from app.signatures import timed_serializer


class Purpose(Enum):
    """What a token is for, and how long it works."""

    VERIFY_EMAIL = timedelta(days=3)
    RESET_PASSWORD = timedelta(hours=1)
    SIGN_IN = timedelta(minutes=10)
    UNDO_EMAIL_CHANGE = timedelta(days=7)


def make_token(user: User, purpose: Purpose) -> str:
    """A token for this user as things stand now."""
    token = timed_serializer("links", _salt(purpose)).dumps([user.id.hex, _fingerprint(user, purpose)])
    # Without its dots: where a path has a part that begins with one, many a proxy answers 403.
    return base64_encode(token).decode()


def read_token(token: str, purpose: Purpose) -> User | None:
    """The user a token was made for, with the row locked; None when it is forged, old, used or replaced.

    No token opens the account of somebody who is suspended.
    """
    user, fingerprint = _owner(token, purpose)
    if user is not None and user.suspended_at is None and hmac.compare_digest(fingerprint, _fingerprint(user, purpose)):
        return user
    else:
        return None


def was_used(token: str, purpose: Purpose) -> bool:
    """Whether a token that does not work is one of ours whose work is done; its reader is told so."""
    user, _ = _owner(token, purpose)
    if user is None or user.suspended_at is not None:
        return False
    elif purpose is Purpose.VERIFY_EMAIL:
        return user.email_verified_at is not None and user.pending_email is None
    else:
        return True


def _owner(token: str, purpose: Purpose) -> tuple[User | None, str]:
    """Who a token was made for, whether or not it still works, and the state that it is tied to."""
    try:
        seconds = int(purpose.value.total_seconds())
        user_id, fingerprint = timed_serializer("links", _salt(purpose)).loads(base64_decode(token), max_age=seconds)
    except (BadData, ValueError, TypeError):
        return None, ""
    query = sa.select(User).where(User.id == uuid.UUID(user_id)).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True)), fingerprint


def _fingerprint(user: User, purpose: Purpose) -> str:
    """The state a token is tied to: its use and a change of password or address all change it."""
    if purpose in (Purpose.RESET_PASSWORD, Purpose.SIGN_IN):
        # A newer link leaves the older ones alone: a stranger who asks for links kills none that the owner holds.
        state: list[object] = [user.password_hash, user.email]
    elif purpose is Purpose.UNDO_EMAIL_CHANGE:
        state = [user.previous_email, user.email_changed_at]
    else:
        state = [user.email, user.pending_email, user.verification_sent_at]
    return hashlib.sha256(repr([str(part) for part in state]).encode()).hexdigest()[:32]


def _salt(purpose: Purpose) -> str:
    return f"auth:{purpose.name}"
