"""Forgotten passwords: a link for whoever has an account, and the same answer and work for whoever has not."""

from app.auth import security_log
from app.auth.devices import remember_device
from app.auth.email_tokens import Purpose, read_token
from app.auth.links_by_mail import mail_link
from app.auth.models import User
from app.auth.passwords import hash_password
from app.auth.rate_limits import forget_tries
from app.auth.sessions import end_sessions
from app.auth.ways_in import forget_ways_of_a_stranger
from app.database import db, utcnow
from app.mail.outbox import queue_mail
from app.urls import link_to


def request_reset(email: str) -> None:
    """Queue the mail with a link to set a new password, if the (normalized) address has an account."""
    kind = security_log.Kind.RESET_REQUESTED
    mail_link(email, Purpose.RESET_PASSWORD, kind, template="password_reset", endpoint="auth.reset_password")


def user_of_reset(token: str) -> User | None:
    """Whose password this token may set, if it still works."""
    return read_token(token, Purpose.RESET_PASSWORD)


def reset_password(token: str, password: str) -> User | None:
    """Set a new password and end all sessions, in the caller's transaction; None when the token does not work.

    Whoever holds the link is the owner: strangers' tries are forgotten, and this browser is one of theirs.
    """
    # Before the row is locked: hashing takes a while.
    db.session.rollback()
    password_hash = hash_password(password)
    user = read_token(token, Purpose.RESET_PASSWORD)
    if user is None:
        return None
    set_password_hash(user, password_hash)
    # The link came by mail, so the address is theirs.
    if user.email_verified_at is None:
        forget_ways_of_a_stranger(user.id)
        user.email_verified_at = utcnow()
    end_sessions(user.id)
    forget_tries(user)
    remember_device(user.id, user.password_changed_at)
    security_log.record(user.id, security_log.Kind.PASSWORD_RESET)
    return user


def set_password_hash(user: User, password_hash: str) -> None:
    """Change the password, and tell the address about it."""
    user.password_hash = password_hash
    user.password_changed_at = utcnow()
    if user.pending_email:
        # Whoever had the old password may have asked for that address: their link must not take the account.
        user.pending_email = user.verification_sent_at = None
    queue_mail(
        "password_changed",
        to=user.email,
        cause=f"password_changed:{user.id}:{user.password_changed_at.isoformat()}",
        user_id=user.id,
        context={"url": link_to("auth.forgot_password")},
    )
