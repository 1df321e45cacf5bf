"""Recovery codes, shown once; trusted devices; and the objection to a reset."""

import json

from flask import Response as FlaskResponse
from flask import flash, make_response, redirect, render_template, session, url_for
from flask_login import login_required
from werkzeug import Response

from app.auth.factors import bp, removal, trusted_devices
from app.auth.factors.encryption import Unreadable, decrypt, encrypt
from app.auth.factors.first_factor_routes import go_on_afterwards
from app.auth.factors.recovery_codes import count_recovery_codes, make_recovery_codes
from app.auth.factors.reset import stop_reset
from app.auth.factors.second_step import PATIENCE
from app.auth.security_log import Kind, record_and_tell
from app.auth.sessions import this_user
from app.auth.step_up import fresh_sign_in_required
from app.database import db
from app.languages import gettext as _

# In the cookie, encrypted: codes that are still to be written down.
NEW_CODES = "new_recovery_codes"


@bp.post("/account/security/recovery-codes")
@fresh_sign_in_required
def new_recovery_codes() -> Response:
    """Make new codes; the old ones stop working."""
    user = this_user()
    if not removal.has_factor(user.id):
        flash(_("Recovery codes stand in for a second factor: add one first."), "info")
        return redirect(url_for("account.security"), 303)
    _make_codes()
    db.session.commit()
    return redirect(url_for("factors.recovery_codes"), 303)


@bp.get("/account/security/recovery-codes")
@login_required
def recovery_codes() -> str | Response:
    """The new codes, until they are kept somewhere; nobody can see them again."""
    codes = opened(NEW_CODES)
    if codes is None:
        return redirect(url_for("account.security"))
    return render_template("factors/recovery_codes.html", codes=json.loads(codes))


@bp.get("/account/security/recovery-codes/download")
@login_required
def download_recovery_codes() -> FlaskResponse | Response:
    """The new codes as a file."""
    codes = opened(NEW_CODES)
    if codes is None:
        return redirect(url_for("account.security"))
    response = make_response("\n".join([*json.loads(codes), ""]))
    response.headers["Content-Type"] = "text/plain; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return response


@bp.post("/account/security/recovery-codes/kept")
@login_required
def recovery_codes_kept() -> Response:
    """The codes are written down, so that this browser forgets them and goes on."""
    session.pop(NEW_CODES, None)
    flash(_("Good. Keep them where you find them without your phone."), "success")
    return go_on_afterwards()


@bp.post("/account/security/trusted-devices/forget")
@login_required
def forget_trusted_devices() -> Response:
    """Ask every device for the second step again."""
    trusted_devices.forget_trusted_devices(this_user().id)
    db.session.commit()
    flash(_("Every device is asked for the second step again."), "success")
    return redirect(url_for("account.security"), 303)


@bp.post("/account/security/keep-factors")
@login_required
def keep_factors() -> Response:
    """The owner objects to the removal of their factors, which somebody asked the operator for."""
    stop_reset(this_user())
    db.session.commit()
    flash(_("Your second factors stay."), "success")
    return redirect(url_for("account.security"), 303)


def go_on_with_codes(message: str) -> Response:
    """After a factor was added: the first one brings recovery codes. Commits."""
    flash(message, "success")
    has_codes = count_recovery_codes(this_user().id) > 0
    if not has_codes:
        _make_codes()
    db.session.commit()
    return redirect(url_for("account.security" if has_codes else "factors.recovery_codes"), 303)


def _make_codes() -> None:
    user = this_user()
    session[NEW_CODES] = encrypt(json.dumps(make_recovery_codes(user.id)))
    record_and_tell(user, Kind.RECOVERY_CODES_MADE)


def opened(name: str) -> str | None:
    """What the cookie holds under this name; None when it lay there for too long."""
    try:
        return decrypt(session.get(name, ""), within=PATIENCE)
    except Unreadable:
        return None
