"""Forms whose session has changed since they were opened: they lead on, and lose nothing typed but secrets.

Whatever was sent is shown and sent again only by a press of its reader, and only when it came from a page of this site.
"""

import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import (
    Response,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFError

from app.auth.next_page import Destination, safe_path
from app.auth.sessions import KEPT_FORM
from app.errors import show_csrf_error
from app.extensions import csrf
from app.languages import gettext as _
from app.languages import lazy_gettext as _l
from app.request_log import note_security

P = ParamSpec("P")
R = TypeVar("R")
STALE = _l(
    "You logged in or out since this page was opened, or it was open for long. Nothing was changed: send it again."
)
LOGGED_OUT = _l("You were logged out meanwhile, so nothing was changed. Log in to go on.")
KEPT_SECONDS = 15 * 60
# A cookie holds about four thousand characters, signed and encoded.
LONGEST_KEPT = 1500
SECRET_PARTS = ("password", "code", "token", "secret", "credential")


def lead_on(error: CSRFError) -> Response:
    """Answer a form that does not belong to this session: on to where it makes sense, or to be sent once more."""
    if not _came_from_here():
        return show_csrf_error(error)
    note_security("form_token_refused", reason=error.description)
    if request.endpoint == "auth.logout" and not current_user.is_authenticated:
        return make_response(redirect(url_for("pricing.landing"), 303))
    elif not current_user.is_authenticated and not _is_for_visitors():
        return ask_to_sign_in_and_send_again()
    else:
        page = render_template("errors/stale_form.html", action=request.path, fields=_typed(), message=STALE)
        return make_response(page, 400)


def ask_to_sign_in() -> Response:
    """Send a signed-out reader to log in, and back to the page they wanted, or to the form that they sent."""
    if request.method in ("GET", "HEAD"):
        query = request.query_string.decode("ascii", "replace")
        wanted = safe_path(f"{request.path}?{query}" if query else request.path)
        return make_response(redirect(url_for("auth.login", next=wanted)))
    else:
        return ask_to_sign_in_and_send_again()


def ask_to_sign_in_and_send_again() -> Response:
    """Lead who was signed out to log in, and from there to what they typed, or to the page that they were on."""
    flash(str(LOGGED_OUT), "info")
    fields = _typed()
    wanted = _page_of_the_form()
    if fields and sum(len(name) + len(value) for name, value in fields) <= LONGEST_KEPT:
        session[KEPT_FORM] = [int(time.time()), request.path, fields]
        wanted = url_for("auth.send_again")
    return make_response(redirect(url_for("auth.login", next=wanted), 303))


def show_kept_form() -> str:
    """What was typed before the reader had to log in, to be sent by a press."""
    kept_at, path, fields = session.pop(KEPT_FORM, (0, "", []))
    if kept_at < time.time() - KEPT_SECONDS:
        abort(404)
    message = _("You are logged in again. This is what you were about to send; nothing was changed so far.")
    return render_template("errors/stale_form.html", action=path, fields=fields, message=message)


def checks_its_own_token(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a view whose form is shown again when its token is stale; `FlaskForm` checks the token, so none gets by."""
    csrf.exempt(view)
    return view


def form_status(form: FlaskForm) -> int:
    """The status with which a page shows its form: first, or again with what is wrong."""
    if not form.is_submitted():
        return 200
    else:
        return 400 if is_stale(form) else 422


def is_stale(form: FlaskForm) -> bool:
    """Whether a form that checks its token itself has one of another session; it then says so in our words."""
    if "csrf_token" in form and form.csrf_token.errors:
        form.csrf_token.errors = [STALE]
        return True
    else:
        return False


def show_signed_in(destination: Destination) -> Response:
    """Where a form to sign in leads whose reader has signed in meanwhile, in another tab."""
    fields: dict[str, Any] = {**destination.as_fields()}
    return make_response(redirect(url_for("auth.login", **fields), 303))


def _typed() -> list[tuple[str, str]]:
    """What the form said, without its secrets."""
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if value and not any(part in name.lower() for part in SECRET_PARTS)
    ]


def _is_for_visitors() -> bool:
    is_of_signing_in = request.blueprint == "auth" and not request.path.startswith("/account")
    return request.endpoint == "pricing.start" or (is_of_signing_in and request.endpoint != "auth.resend_verification")


def _came_from_here() -> bool:
    """Whether the browser says that a page of this site sent the form; a strange page's is never shown again."""
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site is not None:
        return fetch_site == "same-origin"
    origin = urlsplit(request.headers.get("Origin", "")).netloc
    return origin != "" and origin in (request.host, _own_host())


def _page_of_the_form() -> str | None:
    came_from = urlsplit(request.referrer or "")
    return safe_path(came_from.path) if came_from.netloc in (request.host, _own_host()) else None


def _own_host() -> str:
    return urlsplit(current_app.extensions["settings"].site_url).netloc
