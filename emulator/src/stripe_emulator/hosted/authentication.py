"""The 3-D Secure page: one stand-in bank for every payment and setup intent that asks for it."""

from contextlib import suppress
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from stripe_emulator.api.errors import CardError
from stripe_emulator.engine.checkout.checkout import session_of
from stripe_emulator.hosted.accounts import merchant_name
from stripe_emulator.hosted.authentication_results import WENT_WELL, remember_return, return_address, settle
from stripe_emulator.hosted.money import format_amount
from stripe_emulator.hosted.security import allow_form_redirect
from stripe_emulator.hosted.storage import attempt, current_store
from stripe_emulator.hosted.templating import format_brand
from stripe_emulator.state.store import Json, Transaction

bp = Blueprint("authentication", __name__, url_prefix="/3ds")


@bp.get("/<intent_id>")
def challenge(intent_id: str) -> str | Response:
    """Ask what the bank should answer."""
    with current_store().read() as tx:
        intent = find_intent(tx, intent_id)
        session = session_of(tx, intent)
        place = return_address(tx, intent)
        if intent["status"] != "requires_action":
            return redirect(with_outcome(place, intent, session), 303)
        method = tx.get("payment_method", intent["payment_method"] or "")
        allow_form_redirect(place, session["success_url"] if session else None)
        return render_template(
            "checkout/authenticate.html",
            merchant=merchant_name(tx),
            amount=format_amount(intent["amount"], intent["currency"]) if "amount" in intent else None,
            method=format_brand(method) if method else "your card",
        )


@bp.post("/<intent_id>")
def answer(intent_id: str) -> Response:
    """Carry the bank's answer out, once, and go on to where it leads."""
    outcome = request.form.get("outcome")
    if outcome not in ("complete", "fail"):
        abort(400, "Choose Complete or Fail.")

    def carry_out(tx: Transaction) -> None:
        intent = find_intent(tx, intent_id)
        if intent["status"] == "requires_action":
            remember_return(tx, intent)
            settle(tx, intent, outcome == "complete")

    # A card can pass the challenge and still be declined: the page it came from shows that.
    with suppress(CardError):
        attempt(carry_out)
    with current_store().read() as tx:
        intent = find_intent(tx, intent_id)
        place, session = return_address(tx, intent), session_of(tx, intent)
    allow_form_redirect(place)
    return redirect(with_outcome(place, intent, session), 303)


def find_intent(tx: Transaction, intent_id: str) -> Json:
    """Return the payment or setup intent with this id."""
    kind = "setup_intent" if intent_id.startswith("seti_") else "payment_intent"
    return tx.get(kind, intent_id) or abort(404)


def with_outcome(address: str | None, intent: Json, session: Json | None) -> str:
    """Return the address with Stripe's account of how the redirect went; Checkout's own are left as they are."""
    if address is None:
        return "/"
    if session is not None and session["status"] == "complete":
        return address
    kind = intent["object"]
    told = {kind: intent["id"], "redirect_status": "succeeded" if intent["status"] in WENT_WELL else "failed"}
    joiner = "&" if urlsplit(address).query else "?"
    return f"{address}{joiner}{urlencode(told)}"
