"""Changes to an account: address, password, and its end; each asks for the password."""

from flask import current_app, flash, redirect, render_template, url_for
from flask_login import login_required
from werkzeug import Response

from app.account import bp
from app.account.deletion import LastAdmin, delete_account, deletion_summary
from app.account.forms import ChangeEmailForm, ChangePasswordForm, DeleteForm, is_confirmed
from app.account.page import security_page
from app.auth import security_log
from app.auth.email_verification import request_email_change
from app.auth.forms import text_of
from app.auth.password_reset import set_password_hash
from app.auth.passwords import hash_password
from app.auth.rate_limits import limit_password_checks, require_room_for_mail
from app.auth.sessions import end_session, renew_session, this_user
from app.database import db
from app.languages import gettext as _


@bp.post("/email")
@login_required
@limit_password_checks
def change_email() -> Response | tuple[str, int]:
    """Ask for another address; it counts once it is verified."""
    form = ChangeEmailForm(this_user().email)
    if not is_confirmed(form):
        return security_page(email_form=form), 422
    email = text_of(form.email)
    require_room_for_mail(this_user(), email)
    request_email_change(this_user(), email)
    db.session.commit()
    flash(_("We sent a link to %(email)s. The address counts once you follow it.", email=email), "success")
    return redirect(url_for("account.security"), 303)


@bp.post("/password")
@login_required
@limit_password_checks
def change_password() -> Response | tuple[str, int]:
    """Set another password; all other sessions end, and this one gets a new cookie."""
    form = ChangePasswordForm(this_user().email)
    if not is_confirmed(form):
        return security_page(password_form=form), 422
    password_hash = hash_password(text_of(form.new_password))
    user = this_user()
    set_password_hash(user, password_hash)
    renew_session(user.id)
    security_log.record(user.id, security_log.Kind.PASSWORD_CHANGED)
    db.session.commit()
    flash(_("Your password is changed, and you are logged out everywhere else."), "success")
    return redirect(url_for("account.security"), 303)


@bp.get("/delete")
@login_required
def delete_confirm() -> str:
    """Say what goes, and ask for the password."""
    return _delete_page(DeleteForm(formdata=None))


@bp.post("/delete")
@login_required
@limit_password_checks
def delete() -> Response | tuple[str, int]:
    """Cancel at Stripe, then delete the account; if Stripe cannot be reached, nothing is deleted."""
    form = DeleteForm()
    if not is_confirmed(form):
        return _delete_page(form), 422
    try:
        delete_account(this_user())
    except LastAdmin:
        form.form_errors.append(_("You are the only admin. Make somebody else one first."))
        return _delete_page(form), 422
    end_session()
    db.session.commit()
    flash(
        _("Your account is deleted. Thanks for trying %(app_name)s.", app_name=current_app.config["APP_NAME"]),
        "success",
    )
    return redirect(url_for("pricing.landing"), 303)


def _delete_page(form: DeleteForm) -> str:
    return render_template("account/delete.html", form=form, items=deletion_summary(this_user()))
