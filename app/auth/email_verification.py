"""Proving that an address is the user's own: at sign-up, and before a new address counts."""

from sqlalchemy.exc import IntegrityError

from app.auth import security_log
from app.auth.email_tokens import Purpose, make_token, read_token
from app.auth.email_undo import is_reserved, remember_previous
from app.auth.models import User
from app.database import begin_write, db, utcnow
from app.mail.outbox import queue_mail
from app.urls import link_to


class AddressTaken(Exception):
    """Somebody else has proved this address to be theirs, or signed up with it, meanwhile."""


def send_verification(user: User) -> None:
    """Queue the mail with a new link to the address in question; older links stop working."""
    user.verification_sent_at = utcnow()
    db.session.flush()
    queue_mail(
        "verify_email",
        to=user.pending_email or user.email,
        cause=f"verify_email:{user.id}:{user.verification_sent_at.isoformat()}",
        user_id=user.id,
        context={"url": link_to("auth.verify_email", token=make_token(user, Purpose.VERIFY_EMAIL))},
    )


def request_email_change(user: User, email: str) -> None:
    """Remember the address that is to count once verified, and tell the present one."""
    user.pending_email = email
    send_verification(user)
    queue_mail(
        "email_change_requested",
        to=user.email,
        cause=f"email_change_requested:{user.id}:{user.verification_sent_at}",
        user_id=user.id,
        context={"new_email": email, "url": link_to("account.index")},
    )
    security_log.record(user.id, security_log.Kind.EMAIL_CHANGE_REQUESTED)


def verify_email(token: str) -> User | None:
    """Let the address count that the token was sent to; None when the token does not work.

    In a new transaction, for the caller to commit.
    """
    begin_write()
    user = read_token(token, Purpose.VERIFY_EMAIL)
    if user is None:
        return None
    if user.pending_email:
        _change_email(user, user.pending_email)
    else:
        security_log.record(user.id, security_log.Kind.EMAIL_VERIFIED)
        queue_mail("welcome", to=user.email, cause=f"welcome:{user.id}", user_id=user.id)
    user.email_verified_at = utcnow()
    user.verification_sent_at = None
    return user


def _change_email(user: User, email: str) -> None:
    if is_reserved(email, but_for=user.id):
        db.session.rollback()
        raise AddressTaken
    old_email, user.email, user.pending_email = user.email, email, None
    try:
        db.session.flush()
    except IntegrityError as error:
        db.session.rollback()
        raise AddressTaken from error
    queue_mail(
        "email_changed",
        to=old_email,
        cause=f"email_changed:{user.id}:{user.verification_sent_at}",
        user_id=user.id,
        context={"new_email": email, **remember_previous(user, old_email)},
    )
    security_log.record(user.id, security_log.Kind.EMAIL_CHANGED)
