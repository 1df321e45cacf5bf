"""Signing in with a link by mail, where LOGIN_LINKS is on: no password, and the second step all the same."""

from flask import abort, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug import Response

from app.auth import bp, security_log
from app.auth.admission import admit
from app.auth.email_tokens import Purpose, read_token
from app.auth.forms import ForgotPasswordForm, text_of
from app.auth.links_by_mail import mail_link
from app.auth.next_page import Destination
from app.auth.rate_limits import limit_forgotten_password, limit_token_use, may_mail
from app.auth.sessions import Method
from app.auth.used_tokens import use_once
from app.database import db
from app.languages import lazy_gettext as _l

LINK_SENT = _l("If that address has an account, a link to log in is on its way. It works once, for ten minutes.")


@bp.route("/login/link", methods=["GET", "POST"])
@limit_forgotten_password
def sign_in_link() -> Response | tuple[str, int]:
    """Send a link to log in; the answer never tells whether the address has an account."""
    _only_where_it_is_on()
    form = ForgotPasswordForm()
    if form.validate_on_submit():
        email = text_of(form.email)
        if may_mail(email, "sign-in"):
            kind = security_log.Kind.SIGN_IN_LINK_SENT
            mail_link(email, Purpose.SIGN_IN, kind, template="sign_in_link", endpoint="auth.use_sign_in_link")
            db.session.commit()
        flash(str(LINK_SENT), "info")
        return redirect(url_for("auth.login"), 303)
    return render_template("auth/sign_in_link.html", form=form), 422 if form.is_submitted() else 200


@bp.route("/login/link/<token>", methods=["GET", "POST"])
@limit_token_use
def use_sign_in_link(token: str) -> Response:
    """Sign in with a link; only the button does it, for programs open links before people do."""
    _only_where_it_is_on()
    user = read_token(token, Purpose.SIGN_IN)
    if user is not None and request.method == "POST" and use_once(token, Purpose.SIGN_IN.value):
        return admit(user.id, Method.LINK, remember=False, destination=Destination())
    works = user is not None and request.method != "POST"
    page = render_template("auth/use_sign_in_link.html", form=FlaskForm(), works=works)
    response = make_response(page, 200 if works else 400)
    # The address holds the token: no other page, and no cache, is to learn it.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.app_template_global()
def sign_in_links_are_on() -> bool:
    """Whether the settings offer them."""
    return bool(current_app.extensions["settings"].login_links)


def _only_where_it_is_on() -> None:
    if not sign_in_links_are_on():
        abort(404)
