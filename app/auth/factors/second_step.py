"""The second step of a log-in: who has shown one proof waits here, not signed in, until they show another."""

import hashlib
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import redirect, session, url_for
from werkzeug import Response

from app.auth import security_log
from app.auth.devices import this_device
from app.auth.factors.authenticator import use_code
from app.auth.factors.recovery_codes import use_recovery_code
from app.auth.factors.removal import has_factor
from app.auth.factors.reset import carry_out_due_reset, stop_reset
from app.auth.factors.trusted_devices import is_trusted, trust_this_device
from app.auth.models import User
from app.auth.next_page import Destination, go_on
from app.auth.security_log import Kind, record_and_tell
from app.auth.sessions import Method, end_session, start_session
from app.database import db
from app.proxies import client_network

PENDING = "second_step"
PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True)
class Pending:
    """Somebody who is half signed in."""

    user: User
    method: Method
    remember: bool
    destination: Destination


def is_due(user_id: uuid.UUID) -> bool:
    """Whether this user has to show a second factor before they are signed in."""
    if not has_factor(user_id):
        return False
    carry_out_due_reset(user_id)
    return has_factor(user_id) and not is_trusted(user_id)


def kind_of_log_in(user_id: uuid.UUID) -> Kind:
    """What a right password is, for the record: a log-in, or only its beginning."""
    return Kind.SECOND_STEP_ASKED if is_due(user_id) else Kind.SIGNED_IN


def ask_for_second_step(user_id: uuid.UUID, method: Method, remember: bool, destination: Destination) -> Response:
    """Have this browser wait, signed in as nobody, and lead it to the page that asks. Commits."""
    user = db.session.get_one(User, user_id)
    if method is not Method.PASSWORD:
        # Of a password it is written where that is checked.
        security_log.record(user_id, Kind.SECOND_STEP_ASKED)
    end_session()
    session[PENDING] = {
        "user": user_id.hex,
        "method": method.value,
        "remember": remember,
        "at": int(time.time()),
        "state": _fingerprint(user),
        "destination": destination.as_fields(),
    }
    db.session.commit()
    return redirect(url_for("factors.second_step"), 303)


def pending_sign_in() -> Pending | None:
    """Who waits in this browser, with the row locked; None when it took too long, or the password changed meanwhile."""
    kept: dict[str, Any] = session.get(PENDING, {})
    if not kept or kept["at"] < time.time() - PATIENCE.total_seconds():
        return None
    query = sa.select(User).where(User.id == uuid.UUID(kept["user"])).with_for_update()
    user: User | None = db.session.scalar(query.execution_options(populate_existing=True))
    if user is None or user.suspended_at is not None or kept["state"] != _fingerprint(user):
        return None
    destination = Destination.from_fields(kept["destination"])
    return Pending(user, Method(kept["method"]), kept["remember"], destination)


def pending_key() -> str:
    """What a code in the second step counts for: the browsers that its owner has used, or all strangers together.

    Who has stolen the password and guesses codes must not lock the owner out.
    """
    pending = pending_sign_in()
    if pending is None:
        return f"address:{client_network()}"
    device, user = this_device(), pending.user
    is_known = device is not None and device.knows(user.id, user.password_changed_at)
    return f"user:{user.id}:{'known' if is_known else 'strangers'}"


def accept_code(user: User, code: str) -> bool:
    """Whether this is the app's code, or a recovery code; it is used up, in the caller's transaction."""
    if use_code(user.id, code):
        return True
    if use_recovery_code(user.id, code):
        record_and_tell(user, Kind.RECOVERY_CODE_USED)
        return True
    return False


def complete(pending: Pending, *, trust: bool = False) -> Response:
    """Sign this browser in, trusted from now on if that was asked for, and go on. Commits."""
    # Who has a factor at hand has not lost them all.
    stop_reset(pending.user)
    security_log.record(pending.user.id, Kind.SIGNED_IN)
    start_session(pending.user.id, remember=pending.remember, method=pending.method)
    if trust:
        trust_this_device(pending.user.id)
    db.session.commit()
    return go_on(pending.user.id, pending.destination)


def _fingerprint(user: User) -> str:
    return hashlib.sha256(f"{user.password_hash} {user.email}".encode()).hexdigest()[:16]
