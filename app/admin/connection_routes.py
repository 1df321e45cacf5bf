"""How the site stands with Stripe, and asking whether it still lets us in."""

from typing import Any

from flask import current_app, flash, redirect, render_template, url_for
from werkzeug import Response

from app import jobs
from app.admin.lists import scope_to_show
from app.billing.errors import StripeUnavailable
from app.billing.gateway.account import current_scope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.connection import ConnectionState, ask_state, current_connection, known_state
from app.billing.setup.prices import check_prices
from app.billing.webhooks import log as event_log

WORDS = {
    ConnectionState.CONNECTED: ("Connected to Stripe.", "success"),
    ConnectionState.NEEDS_RECONNECT: ("Stripe does not accept the secret key: set the current one.", "danger"),
    ConnectionState.REVOKED: ("The account took its permission back. Connect it again.", "danger"),
}


def connection() -> str:
    """How the site stands with Stripe, on a page of its own."""
    return render_template("admin/connection.html", **connection_health())


def connection_health() -> dict[str, Any]:
    """The account in use, whether it lets us in, and when it was last heard of: what the template shows."""
    return {
        "scope": scope_to_show(),
        "connection": current_connection(),
        "state": known_state(get_gateway()).value,
        "refusal": get_gateway().access.last_refusal(),
        "can_connect": bool(current_app.extensions["settings"].stripe_connect_client_id),
        "last_event": event_log.last_event(),
        "failed_events": event_log.count_failed(),
        "last_reconcile": jobs.last_reconcile(),
    }


def check_connection() -> Response:
    """Ask Stripe whether it lets us in, and whether its prices are the catalogue's."""
    try:
        state = ask_state(get_gateway())
        flash(*WORDS[state])
        if state == ConnectionState.CONNECTED:
            _tell_price_drift()
    except StripeUnavailable as error:
        flash(str(error), "danger")
    return redirect(url_for("admin.connection"), 303)


def _tell_price_drift() -> None:
    problems = check_prices(get_gateway(), current_app.extensions["settings"], current_scope())
    wrong = [f"{lookup_key} {problem}" for lookup_key, problem in problems.items() if problem]
    if wrong:
        flash(f"Price drift: {'; '.join(wrong)}.", "warn")
