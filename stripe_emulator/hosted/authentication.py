"""The 3-D Secure page: one stand-in bank for every payment and setup intent that asks for it."""

from urllib.parse import urlencode, urlsplit

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from stripe_emulator.hosted.accounts import merchant_name
from stripe_emulator.hosted.authentication_results import complete, fail, remember_return, return_address
from stripe_emulator.hosted.links import safe_address
from stripe_emulator.hosted.money import format_amount
from stripe_emulator.hosted.security import allow_form_redirect
from stripe_emulator.hosted.storage import attempt, current_store
from stripe_emulator.hosted.templating import format_brand
from stripe_emulator.store import Json, Transaction

bp = Blueprint("authentication", __name__, url_prefix="/3ds")


@bp.get("/<intent_id>")
def challenge(intent_id: str) -> str | Response:
    """Ask what the bank should answer."""
    with current_store().read() as tx:
        intent = find_intent(tx, intent_id)
        place = return_address(tx, intent)
        if intent["status"] != "requires_action":
            return redirect(with_outcome(place, intent), 303)
        method = tx.get("payment_method", intent["payment_method"] or "")
        allow_form_redirect(place)
        return render_template(
            "checkout/authenticate.html",
            merchant=merchant_name(tx),
            amount=format_amount(intent["amount"], intent["currency"]) if "amount" in intent else None,
            method=format_brand(method) if method else "your card",
        )


@bp.post("/<intent_id>")
def answer(intent_id: str) -> Response:
    """Carry the bank's answer out, once, and go back to where the challenge came from."""
    outcome = request.form.get("outcome")
    if outcome not in ("complete", "fail"):
        abort(400, "Choose Complete or Fail.")

    def carry_out(tx: Transaction) -> tuple[str | None, Json]:
        intent = find_intent(tx, intent_id)
        place = return_address(tx, intent)
        if intent["status"] == "requires_action":
            remember_return(tx, intent, place)
            (complete if outcome == "complete" else fail)(tx, intent)
        return place, find_intent(tx, intent_id)

    place, intent = attempt(carry_out)
    allow_form_redirect(place)
    return redirect(with_outcome(place, intent), 303)


def find_intent(tx: Transaction, intent_id: str) -> Json:
    """Return the payment or setup intent with this id."""
    kind = "setup_intent" if intent_id.startswith("seti_") else "payment_intent"
    return tx.get(kind, intent_id) or abort(404)


def with_outcome(address: str | None, intent: Json) -> str:
    """Return the address with Stripe's account of how the redirect went."""
    if safe_address(address) is None:
        return "/"
    kind = intent["object"]
    succeeded = intent["status"] in ("succeeded", "processing", "requires_capture")
    told = {
        kind: intent["id"],
        f"{kind}_client_secret": intent["client_secret"],
        "redirect_status": "succeeded" if succeeded else "failed",
    }
    joiner = "&" if urlsplit(str(address)).query else "?"
    return f"{address}{joiner}{urlencode(told)}"
