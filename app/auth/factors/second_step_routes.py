"""Codes that are asked for: in the second step of a log-in, and before something that matters."""

from flask import flash, redirect, render_template, url_for
from flask_login import login_required
from werkzeug import Response

from app.auth import security_log
from app.auth.factors import bp
from app.auth.factors.forms import CodeForm, SecondStepForm
from app.auth.factors.second_step import accept_code, complete, pending_key, pending_sign_in
from app.auth.forms import text_of
from app.auth.rate_limits import limit_guesses, limit_password_checks
from app.auth.sessions import this_user
from app.auth.step_up import confirm_and_go_on
from app.database import db
from app.languages import lazy_gettext as _l

WRONG_CODE = _l(
    "That code did not work. Wait for the app's next one, or use a recovery code that you have not used yet."
)
TOO_LATE = _l("That took too long. Log in again.")

limit_second_step = limit_guesses("second-step", pending_key)


@bp.route("/login/second-step", methods=["GET", "POST"])
@limit_second_step
def second_step() -> Response | tuple[str, int]:
    """Ask for the second factor of who has shown the first, and sign them in."""
    form, pending = SecondStepForm(), pending_sign_in()
    if pending is None:
        return back_to_login()
    if form.validate_on_submit():
        if accept_code(pending.user, text_of(form.code)):
            return complete(pending, trust=form.trust.data)
        security_log.record(pending.user.id, security_log.Kind.SECOND_STEP_FAILED)
        db.session.commit()
        form.code.errors = [WRONG_CODE]
    page = render_template("factors/second_step.html", form=form, waiting=pending.user)
    return page, 422 if form.is_submitted() else 200


@bp.post("/account/security/confirm/code")
@login_required
@limit_password_checks
def confirm_code() -> Response | tuple[str, int]:
    """Show again that it is oneself, with a code."""
    form = CodeForm()
    if form.validate_on_submit():
        if accept_code(this_user(), text_of(form.code)):
            return confirm_and_go_on(form.next.data or "")
        form.code.errors = [WRONG_CODE]
    return render_template("factors/confirm_code.html", form=form), 422


def back_to_login() -> Response:
    """Nobody waits here any more."""
    flash(str(TOO_LATE), "info")
    return redirect(url_for("auth.login"), 303)
