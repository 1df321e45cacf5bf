"""Payment Links: one address per price that anybody can open, each visit a checkout session of its own."""

import re

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.storage import attempt
from stripe_emulator.state.store import Json, Transaction

bp = Blueprint("payment_links", __name__, url_prefix="/buy")

REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,200}")


@bp.get("/<price>")
def visit(price: str) -> Response:
    """Start a checkout for a price, by its id or lookup key, with the reference that the address carries."""
    return attempt(lambda tx: redirect(url_for("checkout.show", session_id=_open_session(tx, price)["id"]), 303))


def _open_session(tx: Transaction, wanted: str) -> Json:
    price = tx.get("price", wanted) or next(iter(tx.find("price", lookup_key=wanted)), None)
    if price is None or not price["active"]:
        abort(404, "There is no such payment link.")
    reference, email = request.args.get("client_reference_id", ""), request.args.get("prefilled_email", "")
    params: Json = {
        "mode": "subscription" if price["recurring"] else "payment",
        "line_items": [{"price": price["id"], "quantity": 1}],
        "success_url": url_for("checkout.show", session_id="done", _external=True),
        "allow_promotion_codes": request.args.get("promotion_codes") == "true",
    }
    if request.args.get("invoice") == "true":
        params["invoice_creation"] = {"enabled": True}
    # As on Stripe, a reference in any other form is dropped without a word.
    if REFERENCE.fullmatch(reference):
        params["client_reference_id"] = reference
    if re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        params["customer_email"] = email
    session = call(tx, "POST", "/v1/checkout/sessions", params)
    # A link's sessions have no addresses of the merchant's: they end on the page that says thank you.
    return tx.save({**session, "success_url": None, "payment_link": f"plink_1{price['id'].removeprefix('price_1')}"})
