"""Starting an expired checkout again from the address that Stripe gives for it."""

from flask import abort, redirect, url_for
from werkzeug.wrappers import Response

from stripe_emulator.engine.checkout.checkout_sessions import KEPT
from stripe_emulator.engine.checkout.session_items import KIND
from stripe_emulator.hosted.checkout.routes import bp
from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.storage import attempt
from stripe_emulator.state.store import Json, Transaction

COPIED = (
    "mode",
    "success_url",
    "cancel_url",
    "customer",
    "customer_email",
    "client_reference_id",
    "metadata",
    "billing_address_collection",
    "payment_method_collection",
)


@bp.get("/<session_id>/recover")
def recover(session_id: str) -> Response:
    """Open a copy of the expired session, once per visit."""
    copy = attempt(lambda tx: _copy(tx, tx.require(KIND, session_id)))
    return redirect(url_for("checkout.show", session_id=copy["id"]), 303)


def _copy(tx: Transaction, session: Json) -> Json:
    recovery = (session["after_expiration"] or {}).get("recovery") or {}
    if session["status"] != "expired" or not recovery.get("url"):
        abort(404)
    if recovery["expires_at"] <= tx.now():
        abort(410, "This checkout can no longer be started again.")
    hidden = tx.hidden(KIND, session["id"])
    params: Json = {key: session[key] for key in COPIED if session[key]}
    if session["mode"] != "subscription":
        params.pop("payment_method_collection", None)
    params |= {key: hidden[key] for key in KEPT if key in hidden}
    params["line_items"] = [
        {"price": item["price"]["id"], **({"quantity": item["quantity"]} if item["quantity"] else {})}
        for item in hidden["line_items"]
    ]
    params["allow_promotion_codes"] = bool(recovery["allow_promotion_codes"])
    copied = call(tx, "POST", "/v1/checkout/sessions", params)
    return tx.save({**copied, "recovered_from": session["id"]})
