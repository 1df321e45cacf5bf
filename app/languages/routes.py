"""Choosing a language: kept with the account, and in a cookie for who has none or is logged out."""

from flask import Blueprint, abort, current_app, redirect, request, url_for
from flask_login import current_user
from werkzeug import Response

from app.auth.next_page import safe_path
from app.auth.sessions import this_user
from app.billing.customers import update_customer_language
from app.database import db
from app.extensions import csrf
from app.languages import COOKIE, current_languages
from app.security import protect_checkout

A_YEAR = 365 * 24 * 60 * 60

bp = Blueprint("languages", __name__)


@bp.post("/language")
@csrf.exempt  # Checked first thing below: a visitor's token is of another kind.
def choose() -> Response:
    """Speak this language from now on, or with an empty one what the browser asks for, and go back to the page."""
    protect_checkout()
    asked = request.form.get("language", "")
    chosen = current_languages().preferred(asked)
    if asked and chosen is None:
        abort(400)
    if current_user.is_authenticated:
        user = this_user()
        user.language = chosen
        db.session.commit()
        update_customer_language(user)
    response = redirect(safe_path(request.form.get("next", "")) or url_for("pricing.landing"), 303)
    _keep(response, chosen)
    return response


def _keep(response: Response, chosen: str | None) -> None:
    is_secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    if chosen:
        response.set_cookie(COOKIE, chosen, max_age=A_YEAR, secure=is_secure, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(COOKIE, secure=is_secure, httponly=True, samesite="Lax")
