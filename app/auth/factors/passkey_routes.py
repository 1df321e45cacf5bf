"""Passkeys: adding, naming and removing them, and each place where one can be shown."""

import uuid
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_login import login_required
from werkzeug import Response

from app.auth import security_log, suspension
from app.auth.factors import bp, passkeys, removal
from app.auth.factors.challenges import Purpose
from app.auth.factors.forms import AnswerForm, NameForm, NewPasskeyForm
from app.auth.factors.passkeys import PasskeyRefused
from app.auth.factors.recovery_routes import go_on_with_codes
from app.auth.factors.reset import stop_reset
from app.auth.factors.second_step import complete, pending_sign_in
from app.auth.factors.second_step_routes import back_to_login
from app.auth.forms import text_of
from app.auth.models import User
from app.auth.next_page import Destination, go_on
from app.auth.rate_limits import limit_guesses, limit_password_checks
from app.auth.security_log import Kind, record_and_tell
from app.auth.sessions import Method, start_session, this_user
from app.auth.step_up import confirm_and_go_on, fresh_sign_in_required
from app.auth.ways_in import LastWayIn
from app.database import db
from app.languages import gettext as _
from app.languages import lazy_gettext as _l
from app.proxies import client_network

LAST_WAY_IN = _l("This is the only way into your account. Set a password or add another way first.")
# By network: no tries of a stranger's forge a signature, so the owner's next one is not to wait for them.
limit_passkeys = limit_guesses("passkey", client_network)


@bp.app_template_global()
def passkey_options(purpose: str, user: User | None = None) -> str | None:
    """What this page is to ask a device for; None where passkeys cannot work, or this user has none."""
    if not passkeys.works_here() or (user is not None and not passkeys.passkeys_of(user)):
        return None
    return passkeys.request_options(Purpose(purpose), user)


@bp.post("/login/passkey")
@limit_passkeys
def passkey_login() -> Response | tuple[str, int]:
    """Sign in with a passkey alone: its device has asked for a finger, a face or a PIN, so that it is two factors."""
    destination = Destination.from_request()
    try:
        user_id = passkeys.use_passkey(_answer(), Purpose.SIGN_IN)
    except PasskeyRefused:
        carried: dict[str, Any] = destination.as_fields()
        return _refused(url_for("auth.login", **carried))
    if suspension.is_suspended(user_id):
        security_log.record(user_id, Kind.SIGN_IN_REFUSED)
        return suspension.turn_away()
    security_log.record(user_id, Kind.SIGNED_IN)
    # Who has a factor at hand has not lost them all.
    stop_reset(db.session.get_one(User, user_id))
    start_session(user_id, remember=False, method=Method.PASSKEY)
    db.session.commit()
    return go_on(user_id, destination)


@bp.post("/login/second-step/passkey")
@limit_passkeys
def second_step_passkey() -> Response | tuple[str, int]:
    """Show a passkey in the second step of a log-in."""
    pending = pending_sign_in()
    if pending is None:
        return back_to_login()
    try:
        passkeys.use_passkey(_answer(), Purpose.SECOND_STEP, pending.user)
    except PasskeyRefused:
        security_log.record(pending.user.id, Kind.SECOND_STEP_FAILED)
        db.session.commit()
        return _refused(url_for("factors.second_step"))
    return complete(pending)


@bp.post("/account/security/confirm/passkey")
@login_required
@limit_password_checks
def confirm_passkey() -> Response | tuple[str, int]:
    """Show again that it is oneself, with a passkey."""
    next_page = request.form.get("next", "")
    try:
        passkeys.use_passkey(_answer(), Purpose.CONFIRM, this_user())
    except PasskeyRefused:
        return _refused(url_for("account.confirm", next=next_page))
    return confirm_and_go_on(next_page)


@bp.route("/account/security/passkeys/new", methods=["GET", "POST"])
@fresh_sign_in_required
@limit_password_checks
def new_passkey() -> Response | tuple[str, int]:
    """Have a device make a passkey, and keep its public half."""
    form, user = NewPasskeyForm(), this_user()
    if form.validate_on_submit():
        try:
            passkeys.add_passkey(user, text_of(form.credential), text_of(form.name))
        except PasskeyRefused:
            form.form_errors.append(_("This passkey could not be added. Perhaps the device has one already."))
        else:
            record_and_tell(user, Kind.PASSKEY_ADDED)
            return go_on_with_codes(_("Your passkey is added. You can log in with it from now on."))
    options = passkeys.registration_options(user)
    page = render_template("factors/new_passkey.html", form=form, options=options)
    return page, 422 if form.is_submitted() else 200


@bp.post("/account/security/passkeys/<uuid:passkey_id>/rename")
@login_required
def rename_passkey(passkey_id: uuid.UUID) -> Response:
    """Call a passkey by the device that it is on."""
    form = NameForm()
    if form.validate_on_submit():
        passkeys.rename_passkey(this_user(), passkey_id, text_of(form.name))
        db.session.commit()
        flash(_("The passkey has its new name."), "success")
    else:
        flash(_("A name has one to sixty characters."), "danger")
    return redirect(url_for("account.security"), 303)


@bp.post("/account/security/passkeys/<uuid:passkey_id>/remove")
@fresh_sign_in_required
def remove_passkey(passkey_id: uuid.UUID) -> Response:
    """Let a passkey in no more."""
    user = this_user()
    try:
        if removal.remove_passkey(user, passkey_id):
            record_and_tell(user, Kind.PASSKEY_REMOVED)
            flash(_("The passkey lets nobody in any more. Remove it on its device too."), "success")
    except removal.LastFactor:
        flash(str(removal.KEEP_ONE), "danger")
    except LastWayIn:
        flash(str(LAST_WAY_IN), "danger")
    db.session.commit()
    return redirect(url_for("account.security"), 303)


def _answer() -> str:
    return text_of(AnswerForm().credential)


def _refused(back: str) -> tuple[str, int]:
    return render_template("factors/passkey_refused.html", back=back), 422
