"""The portal's login page, for configurations that have one."""

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from stripe_emulator.hosted.accounts import merchant_name
from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.storage import attempt, current_store
from stripe_emulator.hosted.templating import local
from stripe_emulator.state.store import Json, Transaction

bp = Blueprint("portal_login", __name__, url_prefix="/p/login")

Page = tuple[str, int]


@bp.get("/<configuration_id>")
def ask(configuration_id: str) -> Page:
    """Ask who it is."""
    return page(configuration_id)


@bp.post("/<configuration_id>")
def enter(configuration_id: str) -> Response | Page:
    """Open the portal of the customer with this email; Stripe would mail them the link."""
    email = request.form.get("email", "").strip()[:200]

    def carry_out(tx: Transaction) -> str | None:
        require_login_page(tx, configuration_id)
        customer = next(iter(tx.find("customer", email=email)), None) if email else None
        if customer is None:
            return None
        params = {"customer": customer["id"], "configuration": configuration_id}
        return str(call(tx, "POST", "/v1/billing_portal/sessions", params)["url"])

    url = attempt(carry_out)
    if url is None:
        return page(configuration_id, {"email": email}, {"email": "No customer has this e-mail."}, 422)
    return redirect(local(url), 303)


def page(
    configuration_id: str,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Page:
    """Show the form."""
    with current_store().read() as tx:
        require_login_page(tx, configuration_id)
        merchant = merchant_name(tx)
    html = render_template("portal/login.html", merchant=merchant, values=values or {}, errors=errors or {})
    return html, status


def require_login_page(tx: Transaction, configuration_id: str) -> Json:
    """Return the configuration, if it has a login page."""
    configuration = tx.get("billing_portal.configuration", configuration_id)
    if configuration is None or not configuration["login_page"]["enabled"]:
        abort(404)
    return configuration
