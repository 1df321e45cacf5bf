"""Step-up: what matters is done only by who has shown, in the last quarter of an hour, that it is really them."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Response as FlaskResponse
from flask import current_app, flash, jsonify, make_response, redirect, request, url_for
from flask_login import current_user
from werkzeug import Response

from app.auth.models import UserSession
from app.auth.next_page import safe_path
from app.auth.sessions import Method, renew_session_id, this_user
from app.database import db, utcnow
from app.extensions import login_manager
from app.languages import gettext as _

P = ParamSpec("P")
R = TypeVar("R")

FRESH = timedelta(minutes=15)


class StepUpRequired(Exception):
    """A signed-in reader who has to show again that it is them; answered with the page that asks, and then leads on."""


def fresh_sign_in_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let through who signed in, or confirmed that it is them, in the last quarter of an hour; ask the others first."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not current_user.is_authenticated:
            return login_manager.unauthorized()
        require_fresh_sign_in()
        return view(*args, **kwargs)

    return guarded


def require_fresh_sign_in() -> None:
    """Raise `StepUpRequired` for a signed-in reader who has not shown lately that it is them."""
    if not is_fresh():
        raise StepUpRequired


def is_fresh() -> bool:
    """Whether this browser was signed in, or confirmed, a moment ago. A link by mail says only whose mailbox it is."""
    row = db.session.get(UserSession, this_user().session_id)
    signed_in = row is not None and row.method != Method.LINK and row.created_at > utcnow() - FRESH
    return signed_in or has_confirmed()


def has_confirmed() -> bool:
    """Whether this browser was asked, and answered, a moment ago; signing in does not count."""
    row = db.session.get(UserSession, this_user().session_id)
    return row is not None and row.confirmed_at is not None and row.confirmed_at > utcnow() - FRESH


def confirm_this_session() -> None:
    """Remember that it is really them, under a new session id, in the caller's transaction."""
    renew_session_id(confirmed_at=utcnow())


def confirm_and_go_on(next_page: str) -> Response:
    """Remember that it is really them, and lead on to what they were about to do. Commits."""
    confirm_this_session()
    db.session.commit()
    flash(_("Thank you. For a quarter of an hour you are not asked again."), "success")
    return redirect(safe_path(next_page) or url_for("account.security"), 303)


def ask_to_confirm(error: StepUpRequired) -> Response | FlaskResponse:
    """Lead to the page that asks, and from there back: a form cannot be sent again, so to the page that it stood on."""
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return make_response(jsonify(error={"code": "confirmation_required"}), 403)
    if request.method == "GET":
        return redirect(url_for("account.confirm", next=safe_path(request.full_path.rstrip("?"))))
    else:
        return redirect(url_for("account.confirm", next=_page_of_the_form()), 303)


def _page_of_the_form() -> str | None:
    came_from = urlsplit(request.referrer or "")
    is_ours = f"{came_from.scheme}://{came_from.netloc}" == current_app.extensions["settings"].site_url
    return safe_path(came_from.path) if is_ours else None
