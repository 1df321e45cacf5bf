"""Connecting the Stripe account by OAuth, and asking Stripe whether it still lets us in."""

import secrets
from hmac import compare_digest

from flask import abort, current_app, flash, redirect, request, session, url_for
from werkzeug import Response

from app.billing.errors import StripeUnavailable
from app.billing.gateway import connection
from app.billing.gateway.account import current_scope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.connection import ConnectionRefused, ConnectionState
from app.billing.setup.prices import check_prices
from app.config.settings import Settings

STATE = "stripe_connection_state"
WORDS = {
    ConnectionState.CONNECTED: ("Stripe lets us in.", "success"),
    ConnectionState.NEEDS_RECONNECT: (
        "Stripe does not accept the secret key: set the current one.",
        "danger",
    ),
    ConnectionState.REVOKED: ("The account took its permission back. Connect it again.", "danger"),
}


def connect() -> Response:
    """Send the operator to Stripe, to agree to the connection."""
    settings = _settings()
    session[STATE] = secrets.token_urlsafe(32)
    return redirect(connection.authorize_url(get_gateway(), settings, session[STATE]), 303)


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
    return redirect(url_for("admin.payments"), 303)


def disconnect() -> Response:
    """Give the permission back, and work with the key's own account."""
    connection.disconnect(get_gateway())
    flash("The account is disconnected. Payments go to the account of the secret key.", "success")
    return redirect(url_for("admin.payments"), 303)


def check_connection() -> Response:
    """Ask Stripe whether it lets us in, and whether its prices are the catalogue's."""
    try:
        state = connection.ask_state(get_gateway())
        flash(*WORDS[state])
        if state == ConnectionState.CONNECTED:
            _tell_price_drift()
    except StripeUnavailable as error:
        flash(str(error), "danger")
    return redirect(url_for("admin.payments"), 303)


def _complete(code: str) -> None:
    try:
        connected = connection.connect(get_gateway(), code)
    except ConnectionRefused as error:
        flash(str(error), "danger")
    else:
        flash(f"Connected to {connected.stripe_account}. Run `flask billing push` for its catalogue.", "success")


def _tell_price_drift() -> None:
    problems = check_prices(get_gateway(), current_app.extensions["settings"], current_scope())
    wrong = [f"{lookup_key} {problem}" for lookup_key, problem in problems.items() if problem]
    if wrong:
        flash(f"Price drift: {'; '.join(wrong)}.", "warn")


def _settings() -> Settings:
    """The settings of a site that connects by OAuth; for others these pages do not exist."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.stripe_connect_client_id:
        abort(404)
    return settings
