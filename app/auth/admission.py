"""Where every way in ends: signed in, and on to what was asked for."""

import uuid

from werkzeug import Response

from app.auth import security_log, suspension
from app.auth.factors import second_step
from app.auth.next_page import Destination, go_on
from app.auth.security_log import Kind
from app.auth.sessions import Method, start_session
from app.database import db


def admit(user_id: uuid.UUID, method: Method, *, remember: bool, destination: Destination) -> Response:
    """Sign in who has shown the first proof, or ask them for the second; turn away who is suspended. Commits."""
    if suspension.is_suspended(user_id):
        if method is not Method.PASSWORD:
            security_log.record(user_id, Kind.SIGN_IN_REFUSED)
        return suspension.turn_away()
    if second_step.is_due(user_id):
        return second_step.ask_for_second_step(user_id, method, remember, destination)
    if method is not Method.PASSWORD:
        # Of a password it is written where that is checked.
        security_log.record(user_id, Kind.SIGNED_IN)
    start_session(user_id, remember=remember, method=method)
    db.session.commit()
    return go_on(user_id, destination)
