"""Shutting somebody out: they cannot log in and their links do not work, while billing goes on as ever."""

import uuid

import sqlalchemy as sa
from flask import current_app, flash, redirect, url_for
from werkzeug import Response

from app.auth import security_log
from app.auth.models import User
from app.auth.sessions import end_sessions
from app.database import db, utcnow


def is_suspended(user_id: uuid.UUID) -> bool:
    """Whether this user is shut out."""
    suspended = sa.select(User.id).where(User.id == user_id, User.suspended_at.is_not(None))
    return db.session.scalar(suspended) is not None


def suspend(user: User, reason: str) -> None:
    """Shut a user out and log them out everywhere, in the caller's transaction."""
    user.suspended_at, user.suspension_reason = utcnow(), reason
    end_sessions(user.id)
    security_log.record_from_site(user.id, security_log.Kind.SUSPENDED)


def lift(user: User) -> None:
    """Let a user log in again, in the caller's transaction.

    A log-in that was under way as they were shut out is over.
    """
    user.suspended_at, user.suspension_reason = None, ""
    end_sessions(user.id)
    security_log.record_from_site(user.id, security_log.Kind.SUSPENSION_LIFTED)


def turn_away() -> Response:
    """Tell who has shown that the account is theirs why it does not open. Commits."""
    db.session.commit()
    support = current_app.extensions["settings"].support_address
    flash(f"This account is suspended. Write to {support} if you think that it should not be.", "danger")
    return redirect(url_for("auth.login"), 303)
