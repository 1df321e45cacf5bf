"""The first second factor: the page that offers it, and leads back to what its reader was about to do."""

from flask import Response as FlaskResponse
from flask import jsonify, make_response, redirect, render_template, request, session, url_for
from flask_login import login_required
from werkzeug import Response

from app.auth.factors import bp
from app.auth.factors.removal import has_factor, needs_factor
from app.auth.factors.requirement import FactorRequired
from app.auth.next_page import Destination, go_on, safe_path
from app.auth.sessions import this_user

AFTERWARDS = "after_first_factor"


@bp.get("/account/security/second-step")
@login_required
def first_factor() -> str | Response:
    """Say why a second step is asked for, and offer the ways to add one."""
    destination, user = Destination.from_request(), this_user()
    if has_factor(user.id):
        return redirect(destination.next or url_for("dashboard.index"))
    session[AFTERWARDS] = destination.as_fields()
    return render_template("factors/first_factor.html", is_required=needs_factor(user))


@bp.app_errorhandler(FactorRequired)
def ask_for_a_factor(error: FactorRequired) -> Response | FlaskResponse:
    """Lead to the page that offers a first factor, and from there back to the page that was asked for."""
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return make_response(jsonify(error={"code": "second_factor_required"}), 403)
    if request.method == "GET":
        return redirect(url_for("factors.first_factor", next=safe_path(request.full_path.rstrip("?"))))
    else:
        return redirect(url_for("factors.first_factor"), 303)


def go_on_afterwards() -> Response:
    """Lead on to what waits for the first factor, or else back to the page of all factors."""
    if AFTERWARDS in session:
        return go_on(this_user().id, Destination.from_fields(session.pop(AFTERWARDS)))
    else:
        return redirect(url_for("account.security"), 303)
