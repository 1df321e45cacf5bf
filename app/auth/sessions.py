"""Signed-in browsers: begun, found again at each request, and ended."""

import logging
import secrets
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from flask import Response, g, request, session
from flask_login import current_user, logout_user
from sqlalchemy.exc import SQLAlchemyError

from app.auth import viewing
from app.auth.devices import describe_device
from app.auth.models import User, UserSession
from app.auth.new_devices import keep_device, meet_device
from app.billing.models.subscription import NEED_PAYMENT, Subscription
from app.database import allowed_to_write, db, may_write, utcnow
from app.logs import add_facts

logger = logging.getLogger(__name__)

# Where Flask-Login looks in the cookie for what it gives to `load_user`.
SESSION_KEY = "_user_id"
KEPT_FORM = "kept_form"
# How long the row may go without being told that it was used.
NOTED_EVERY = timedelta(minutes=5)
# Not "cookies", among which is the one that knows the device, nor "cache": it holds nothing of a reader, and
# emptying it makes the next page slow.
CLEARED = '"storage"'
# Browsers that one user may be signed in with; with one more, the one that lay unused for longest is signed out.
MOST_SESSIONS = 20


@dataclass(frozen=True)
class Lifetime:
    """How long a sign-in lasts at most, and how long it may lie unused."""

    longest: timedelta
    unused: timedelta

    def end(self, created_at: datetime, now: datetime) -> datetime:
        """When a session that is used now ends."""
        return min(created_at + self.longest, now + self.unused)


# "Remember me": a month, as NIST SP 800-63B-4 allows at most for a password alone. Otherwise a working day.
REMEMBERED = Lifetime(timedelta(days=30), timedelta(days=14))
BRIEF = Lifetime(timedelta(hours=24), timedelta(hours=12))
# Of who sees everybody's data, "remember me" or not.
OF_ADMINS = Lifetime(timedelta(hours=8), timedelta(hours=1))

# Asked along with the reader, so that a page about nothing of the kind costs no more than one SELECT.
_OWES = sa.exists().where(Subscription.user_id == User.id, Subscription.status.in_(NEED_PAYMENT))
_FIND = (
    sa.select(User, UserSession.created_at, UserSession.last_used_at, _OWES)
    .join(UserSession.user)
    .where(
        UserSession.id == sa.bindparam("id"),
        UserSession.expires_at > sa.bindparam("now"),
        User.suspended_at.is_(None),
    )
)
_START = sa.insert(UserSession.__table__)
_NEWEST = (
    sa.select(UserSession.id)
    .where(UserSession.user_id == sa.bindparam("user_id"))
    .order_by(UserSession.last_used_at.desc())
    .limit(MOST_SESSIONS)
)
_END_OLDEST = sa.delete(UserSession).where(
    UserSession.user_id == sa.bindparam("user_id"), UserSession.id.not_in(_NEWEST)
)


class Method(StrEnum):
    """How somebody signed in."""

    PASSWORD = "password"  # noqa: S105  # A word, and nobody's.
    PASSKEY = "passkey"
    PROVIDER = "provider"
    LINK = "link"


def start_session(user_id: uuid.UUID, *, remember: bool, method: Method = Method.PASSWORD) -> None:
    """Sign this browser in, in the caller's transaction; whatever its cookie held before is gone."""
    # What somebody typed before they had to log in waits for them: see `stale_forms`.
    kept = session.get(KEPT_FORM)
    _delete_current()
    if kept is not None:
        session[KEPT_FORM] = kept
    now, device = utcnow(), describe_device(request.user_agent.string)
    row = {
        # All 128 bits at random: in a UUID of version 4 six are not.
        "id": uuid.UUID(bytes=secrets.token_bytes(16)),
        "user_id": user_id,
        "device": device,
        "is_remembered": remember,
        "method": method.value,
        "created_at": now,
        "last_used_at": now,
        "expires_at": (REMEMBERED if remember else BRIEF).end(now, now),
    }
    db.session.execute(_START, row)
    db.session.execute(_END_OLDEST, {"user_id": user_id})
    note_seen(user_id, now)
    meet_device(user_id, device, now)
    # The cookie outlives the browser only if asked to, and then for PERMANENT_SESSION_LIFETIME.
    session.permanent = remember
    session[SESSION_KEY] = str(row["id"])


def note_seen(user_id: uuid.UUID, at: datetime) -> None:
    """Write down that this user was here, in the caller's transaction."""
    db.session.execute(sa.update(User).where(User.id == user_id).values(last_seen_at=at))


def renew_session(user_id: uuid.UUID) -> None:
    """End every session of this user's and begin a new one for this browser, remembered as before."""
    remember = session.permanent
    end_sessions(user_id)
    keep_device(user_id)
    start_session(user_id, remember=remember)


def renew_session_id(**columns: datetime) -> None:
    """Give this browser's session another id, and these values, in the caller's transaction; the old cookie is dead."""
    user, new_id = this_user(), uuid.UUID(bytes=secrets.token_bytes(16))
    this_one = sa.update(UserSession).where(UserSession.id == user.session_id)
    db.session.execute(this_one.values(id=new_id, **columns))
    user.session_id = new_id
    session[SESSION_KEY] = str(new_id)


def end_session() -> None:
    """Sign this browser out, and have it forget what its pages stored; the device cookie stays."""
    _delete_current()
    g.clears_site_data = True


def clear_site_data(response: Response) -> Response:
    """After a log-out: what scripts of this site stored in the browser goes with the session."""
    if g.pop("clears_site_data", False):
        response.headers["Clear-Site-Data"] = CLEARED
    return response


def end_sessions(user_id: uuid.UUID, *, keep: uuid.UUID | None = None, only: uuid.UUID | None = None) -> None:
    """End all sessions of this user's, all but the one to keep, or only one."""
    query = sa.delete(UserSession).where(UserSession.user_id == user_id)
    if keep is not None:
        query = query.where(UserSession.id != keep)
    if only is not None:
        query = query.where(UserSession.id == only)
    db.session.execute(query)


def this_user() -> User:
    """The user who is signed in: the object itself, for views that only signed-in readers reach."""
    user: User = current_user._get_current_object()
    return user


def ignore_session() -> None:
    """Have nobody be signed in by this request's cookie."""
    g.reader_is_unknown = True


def session_is_ignored() -> bool:
    """Whether this request's cookie counts for nothing."""
    return bool(g.get("reader_is_unknown", False))


def load_user(session_id: str) -> User | None:
    """Who is signed in with this session, in one SELECT; None when it has ended."""
    if session_is_ignored():
        return None
    try:
        id = uuid.UUID(session_id)
        found = db.session.execute(_FIND, {"id": id, "now": utcnow()}).one_or_none()
    except ValueError:
        return None
    except SQLAlchemyError:
        # The error page asks who is reading it: nobody that the database could tell.
        g.reader_is_unknown = True
        raise
    if found is None:
        return None
    user: User = found[0]
    if user.is_admin and OF_ADMINS.end(found.created_at, found.last_used_at) <= utcnow():
        return None
    add_facts(user_id=user.id)
    user.session_id = id
    user.may_owe = found[3]
    if found.last_used_at < utcnow() - NOTED_EVERY:
        g.unnoted_session_id = id
    return viewing.person_seen_by(user) if user.is_admin else user


def note_use(response: Response) -> Response:
    """After the answer is made: write down, every few minutes, that this session is in use."""
    id = g.pop("unnoted_session_id", None)
    if id is not None and response.status_code < 500 and may_write():
        # What the request has not committed by now, it does not want.
        db.session.rollback()
        try:
            with allowed_to_write():
                _extend(id)
        except SQLAlchemyError:
            logger.warning("The use of a session could not be written down; the next request tries again.")
    return response


def _extend(id: uuid.UUID) -> None:
    row = db.session.get(UserSession, id)
    if row is not None:
        row.last_used_at = now = utcnow()
        row.expires_at = (REMEMBERED if row.is_remembered else BRIEF).end(row.created_at, now)
        note_seen(row.user_id, now)
    db.session.commit()


def _delete_current() -> None:
    """Delete this browser's session, if it has one, and empty the cookie."""
    session_id = session.get(SESSION_KEY)
    session.clear()
    if session_id is not None:
        # Whoever was reading so far is not any more.
        logout_user()
        with suppress(ValueError):
            db.session.execute(sa.delete(UserSession).where(UserSession.id == uuid.UUID(session_id)))
