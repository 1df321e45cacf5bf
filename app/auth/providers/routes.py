"""Signing in with an account elsewhere, and connecting and disconnecting one."""

import time
import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, request, session, url_for
from flask_login import current_user, login_required
from werkzeug import Response

from app.auth.admission import admit
from app.auth.next_page import Destination
from app.auth.providers import bp, confirm_by_mail  # noqa: F401  # It adds its pages to `bp`.
from app.auth.providers.identities import IdentityTaken, identities_of, link, sign_up, unlink, user_of
from app.auth.providers.protocol import Newcomer, ProviderFailed, leave_for, who_came
from app.auth.providers.registry import Provider, current_providers, provider_called
from app.auth.sessions import Method, this_user
from app.auth.step_up import fresh_sign_in_required
from app.auth.ways_in import LastWayIn
from app.database import begin_write, db
from app.languages import gettext as _

__all__ = ["bp"]

BEGUN, LINKING = "provider_round", "provider_link"
LINK_SECONDS = 600
bp.add_app_template_global(current_providers)
bp.add_app_template_global(identities_of)


@bp.get("/login/with/<key>")
def start(key: str) -> Response | str:
    """Leave for the issuer's page, to sign in with what it says; by a press on our own page alone."""
    provider = _provider(key)
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        # Somebody else's page may not sign its reader in behind their back.
        return render_template("providers/continue.html", provider=provider, leave=request.full_path)
    session.pop(LINKING, None)
    session[BEGUN] = Destination.from_request().as_fields()
    return _leave(provider)


@bp.get("/login/with/<key>/callback")
def callback(key: str) -> Response:
    """Come back from the issuer: signed in, signed up, or with another way into one's account."""
    provider, linking = _provider(key), session.pop(LINKING, {})
    destination = Destination.from_fields(session.pop(BEGUN, {}))
    try:
        newcomer = who_came(provider)
    except ProviderFailed:
        return _turn_back(provider)
    begin_write()
    if linking:
        return _link(newcomer, provider, linking)
    try:
        return _sign_in(newcomer, provider, destination)
    except IdentityTaken:
        return _turn_back(provider)


@bp.post("/account/security/providers/<key>/link")
@fresh_sign_in_required
def begin_link(key: str) -> Response:
    """Say that the next round to this issuer is to give the reader's account another way in."""
    session[LINKING] = {"key": _provider(key).key, "user": current_user.id.hex, "at": int(time.time())}
    return redirect(url_for("providers.continue_link", key=key), 303)


@bp.get("/account/security/providers/<key>/link")
@login_required
def continue_link(key: str) -> str:
    """A page between: a browser would not let our form lead to another site."""
    leave = url_for("providers.leave_to_link", key=key)
    return render_template("providers/continue.html", provider=_provider(key), leave=leave)


@bp.get("/account/security/providers/<key>/leave")
@login_required
def leave_to_link(key: str) -> Response:
    """Leave for the issuer's page, to connect what it says."""
    return _leave(_provider(key))


@bp.post("/account/security/providers/<uuid:identity_id>/unlink")
@fresh_sign_in_required
def end_link(identity_id: uuid.UUID) -> Response:
    """Let an account elsewhere in no more."""
    try:
        if unlink(this_user(), identity_id):
            flash(_("It lets nobody into your account any more."), "success")
    except LastWayIn:
        flash(_("This is the only way into your account. Set a password or add another way first."), "danger")
    db.session.commit()
    return redirect(url_for("account.security"), 303)


def _provider(key: str) -> Provider:
    return provider_called(key) or abort(404)


def _leave(provider: Provider) -> Response:
    try:
        return leave_for(provider)
    except ProviderFailed:
        return _turn_back(provider)


def _turn_back(provider: Provider) -> Response:
    told = _(
        "%(name)s has not told us who you are, so nothing happened. Try again, or go another way.", name=provider.name
    )
    flash(told, "danger")
    return redirect(url_for("account.security" if current_user.is_authenticated else "auth.login"))


def _link(newcomer: Newcomer, provider: Provider, linking: dict[str, Any]) -> Response:
    is_theirs = current_user.is_authenticated and current_user.id.hex == linking["user"]
    if not is_theirs or linking["key"] != provider.key or linking["at"] < time.time() - LINK_SECONDS:
        return _turn_back(provider)
    try:
        link(this_user(), newcomer)
        flash(_("You can log in with %(name)s from now on.", name=provider.name), "success")
    except IdentityTaken:
        flash(_("That %(name)s account lets somebody into another account here.", name=provider.name), "danger")
    db.session.commit()
    return redirect(url_for("account.security"))


def _sign_in(newcomer: Newcomer, provider: Provider, destination: Destination) -> Response:
    user_id = user_of(newcomer)
    if user_id is None and not newcomer.email:
        told = _("%(name)s has not told us your address. Sign up with it, then connect %(name)s.", name=provider.name)
        flash(told, "info")
        return redirect(url_for("auth.signup"))
    if user_id is None:
        user = sign_up(newcomer)
        if user is None:
            db.session.rollback()
            told = _(
                "%(email)s has an account here that does not know your %(name)s account yet. "
                "Log in to it, or set a new password; then connect %(name)s.",
                email=newcomer.email,
                name=provider.name,
            )
            flash(told, "info")
            return redirect(url_for("auth.login", next=url_for("account.security")))
        user_id = user.id
    return admit(user_id, Method.PROVIDER, remember=False, destination=destination)
