"""Sign-in and security: the ways in, where one is signed in, what happened, and showing again that it is oneself."""

from flask import render_template, request
from flask_login import login_required
from werkzeug import Response

from app.account import bp
from app.account.forms import ConfirmForm, asks_password
from app.account.page import security_page
from app.auth.forms import text_of
from app.auth.rate_limits import limit_password_checks
from app.auth.sessions import this_user
from app.auth.sign_in import confirm_password
from app.auth.step_up import confirm_and_go_on
from app.languages import gettext as _

bp.add_app_template_global(asks_password)


@bp.get("/security")
@login_required
def security() -> str:
    """All that lets somebody into this account, and what happened to it."""
    return security_page()


@bp.route("/security/confirm", methods=["GET", "POST"])
@login_required
@limit_password_checks
def confirm() -> Response | tuple[str, int]:
    """Show again that it is oneself, by the password or by what else there is, and go on."""
    form, user = ConfirmForm(next=request.args.get("next", "")), this_user()
    if form.validate_on_submit():
        if confirm_password(user, text_of(form.password)):
            return confirm_and_go_on(form.next.data or "")
        form.password.errors = [_("This is not your password.")]
    return render_template("account/confirm.html", form=form), 422 if form.is_submitted() else 200
