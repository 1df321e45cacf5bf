"""Connecting a Stripe account by OAuth, and giving its permission back."""

import secrets
from hmac import compare_digest

from flask import abort, current_app, flash, redirect, request, session, url_for
from flask_login import current_user
from werkzeug import Response

from app.account.connections import connect_account, disconnect_account
from app.billing.gateway import oauth
from app.billing.gateway.client import get_gateway
from app.billing.gateway.oauth import ConnectionRefused
from app.config.settings import Settings

STATE = "stripe_connection_state"


def connect() -> Response:
    """Send the operator to Stripe, to agree to the connection."""
    settings = _settings()
    session[STATE] = secrets.token_urlsafe(32)
    return redirect(oauth.authorize_url(get_gateway(), settings, session[STATE]), 303)


def connection_callback() -> Response:
    """Take the operator back from Stripe. Only an answer to this browser's own question counts."""
    _settings()
    expected = session.pop(STATE, "")
    if not expected or not compare_digest(expected, request.args.get("state", "")):
        abort(400)
    if "code" not in request.args:
        flash("The account was not connected: Stripe was told not to.", "warn")
    else:
        _complete(request.args["code"])
    return redirect(url_for("admin.connection"), 303)


def disconnect() -> Response:
    """Give the permission back, and work with the key's own account."""
    disconnect_account(actor=current_user.email)
    flash("The account is disconnected. Payments go to the account of the secret key.", "success")
    return redirect(url_for("admin.connection"), 303)


def _complete(code: str) -> None:
    try:
        account = connect_account(code, actor=current_user.email)
    except ConnectionRefused as error:
        flash(str(error), "danger")
    else:
        flash(f"Connected to {account}. Run `flask billing push` for its catalogue.", "success")


def _settings() -> Settings:
    """The settings of a site that connects by OAuth; for others these pages do not exist."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.stripe_connect_client_id:
        abort(404)
    return settings
