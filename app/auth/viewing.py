"""Seeing the site as a person does: an admin reads their pages for half an hour, and can change nothing.

The admin's own session says whose pages are read; it is looked up at each request, so that it ends by itself. Nothing
is written for the person meanwhile, and no secret of theirs is shown.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask, current_app, render_template, request

from app.auth import security_log
from app.auth.models import User, UserSession
from app.database import ReadOnly, db, forbid_writing, utcnow

LASTS = timedelta(minutes=30)
LEAVE = "viewing.leave"
# What lets somebody in is shown to its owner alone, and leaving for another site is theirs to do.
HIDDEN = ("factors", "providers")
READING = ("GET", "HEAD", "OPTIONS")


def init_viewing(app: Flask) -> None:
    """Say in words what nobody may do in another's place."""
    app.register_error_handler(ReadOnly, _show_refusal)


def is_on() -> bool:
    """Whether the settings let admins see the site as a person does."""
    return bool(current_app.extensions["settings"].view_as_user)


def why_not(user: User) -> str | None:
    """Why this user's pages cannot be seen as they see them; None where they can."""
    if not is_on():
        return "This site has it switched off (VIEW_AS_USER)."
    elif user.is_admin:
        return "Nobody sees the site as another admin."
    elif user.refuses_viewing:
        return f"{user.email} does not want it: they have refused it on their security page."
    else:
        return None


def begin(admin: User, user: User) -> datetime:
    """Have this browser read the user's pages, in the caller's transaction; answer when it ends (UTC).

    Their activity tells them.
    """
    until = utcnow() + LASTS
    _set(admin, viewed_user_id=user.id, viewed_until=until)
    security_log.record_from_site(user.id, security_log.Kind.VIEWED)
    return until


def end(admin: User) -> None:
    """Have this browser be its admin's again, in the caller's transaction."""
    _set(admin, viewed_user_id=None, viewed_until=None)


def person_seen_by(admin: User) -> User:
    """Whose pages this admin's browser reads now: their own, unless they see the site as somebody else."""
    row = db.session.get_one(UserSession, admin.session_id)
    if row.viewed_user_id is None or row.viewed_until is None or row.viewed_until <= utcnow():
        return admin
    user = db.session.get(User, row.viewed_user_id)
    if user is None or why_not(user):
        return admin
    user.viewed_by, user.viewed_until, user.session_id = admin, row.viewed_until, admin.session_id
    return user


def allow_only_reading() -> None:
    """Raise `ReadOnly` for what this request is to change or must not show, and let the rest of it write nothing."""
    if request.endpoint == LEAVE:
        return
    if request.method not in READING or request.blueprint in HIDDEN:
        raise ReadOnly
    forbid_writing()


def _set(admin: User, **columns: object) -> None:
    db.session.execute(sa.update(UserSession).where(UserSession.id == admin.session_id).values(**columns))


def _show_refusal(error: ReadOnly) -> tuple[str, int]:
    return render_template("viewing/refused.html"), 403
