"""Forgotten passwords: asking for a link, and following it."""

from flask import Response as FlaskResponse
from flask import flash, make_response, redirect, render_template, url_for
from werkzeug import Response

from app.auth import bp
from app.auth.email_tokens import Purpose, was_used
from app.auth.forms import ForgotPasswordForm, ResetPasswordForm, text_of
from app.auth.password_reset import request_reset, user_of_reset
from app.auth.password_reset import reset_password as set_password
from app.auth.rate_limits import limit_forgotten_password, limit_token_use, may_mail
from app.auth.sessions import end_session
from app.auth.stale_forms import checks_its_own_token, form_status
from app.database import db
from app.languages import lazy_gettext as _l

LINK_SENT = _l("If that address has an account, a link to set a new password is on its way. It works for an hour.")
RESET_DONE = _l("Your new password is set, and you are logged out everywhere. Log in with it to go on.")


@bp.route("/forgot-password", methods=["GET", "POST"])
@checks_its_own_token
@limit_forgotten_password
def forgot_password() -> Response | tuple[str, int]:
    """Send a link to set a new password; the answer never tells whether the address has an account."""
    form = ForgotPasswordForm()
    if form.validate_on_submit():
        # Over the limit the answer is the same, and the links that were sent go on working.
        if may_mail(text_of(form.email), "reset"):
            request_reset(text_of(form.email))
            db.session.commit()
        flash(str(LINK_SENT), "info")
        return redirect(url_for("auth.login"), 303)
    status = form_status(form)
    return render_template("auth/forgot_password.html", form=form), status


@bp.route("/reset-password/<token>", methods=["GET", "POST"])
@checks_its_own_token
@limit_token_use
def reset_password(token: str) -> Response:
    """Set a new password with a link from a mail."""
    user = user_of_reset(token)
    if user is None:
        return _show(None, 400, used=was_used(token, Purpose.RESET_PASSWORD))
    form = ResetPasswordForm(user.email)
    if not form.validate_on_submit():
        return _show(form, form_status(form))
    if set_password(token, text_of(form.password)) is None:
        return _show(None, 400, used=was_used(token, Purpose.RESET_PASSWORD))
    end_session()
    db.session.commit()
    flash(str(RESET_DONE), "success")
    return redirect(url_for("auth.login"), 303)


def _show(form: ResetPasswordForm | None, status: int, *, used: bool = False) -> FlaskResponse:
    response = make_response(render_template("auth/reset_password.html", form=form, used=used), status)
    # The address holds the token: no other page is to learn it, and no cache to keep what it leads to.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
