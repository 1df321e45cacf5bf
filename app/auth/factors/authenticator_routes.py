"""The authenticator app: adding it, and removing it."""

from flask import flash, redirect, render_template, session, url_for
from werkzeug import Response

from app.auth.factors import bp, removal
from app.auth.factors.authenticator import add_authenticator, as_picture, new_secret, setup_address
from app.auth.factors.encryption import encrypt
from app.auth.factors.forms import CodeForm
from app.auth.factors.recovery_routes import go_on_with_codes, opened
from app.auth.forms import text_of
from app.auth.rate_limits import limit_password_checks
from app.auth.security_log import Kind, record_and_tell
from app.auth.sessions import this_user
from app.auth.step_up import fresh_sign_in_required
from app.database import db
from app.languages import gettext as _
from app.languages import lazy_gettext as _l

# In the cookie, encrypted: a secret that no app has confirmed yet.
NEW_SECRET = "new_authenticator"  # noqa: S105  # Where it is, not what.
NOT_THE_CODE = _l("This is not the app's code. Check that the clock of your phone is right, and try the next one.")


@bp.route("/account/security/authenticator", methods=["GET", "POST"])
@fresh_sign_in_required
@limit_password_checks
def authenticator() -> Response | tuple[str, int]:
    """Show the secret to an app, and keep it once the app has shown that it has it."""
    form, secret, user = CodeForm(), opened(NEW_SECRET) or new_secret(), this_user()
    if form.validate_on_submit():
        if add_authenticator(user.id, secret, text_of(form.code)):
            session.pop(NEW_SECRET)
            record_and_tell(user, Kind.AUTHENTICATOR_ADDED)
            return go_on_with_codes(_("Your authenticator app is added."))
        form.code.errors = [NOT_THE_CODE]
    elif NEW_SECRET not in session or not opened(NEW_SECRET):
        session[NEW_SECRET] = encrypt(secret)
    address = setup_address(secret, user.email)
    page = render_template(
        "factors/authenticator.html", form=form, secret=secret, address=address, picture=as_picture(address)
    )
    return page, 422 if form.is_submitted() else 200


@bp.post("/account/security/authenticator/remove")
@fresh_sign_in_required
def remove_authenticator() -> Response:
    """Take the app off the account."""
    user = this_user()
    try:
        if removal.remove_authenticator(user):
            record_and_tell(user, Kind.AUTHENTICATOR_REMOVED)
            flash(_("Your authenticator app is removed."), "success")
    except removal.LastFactor:
        flash(str(removal.KEEP_ONE), "danger")
    db.session.commit()
    return redirect(url_for("account.security"), 303)
