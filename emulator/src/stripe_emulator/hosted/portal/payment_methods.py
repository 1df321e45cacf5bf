"""Adding a payment method, choosing the one that is used, and removing others."""

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from stripe_emulator.api.errors import ApiError
from stripe_emulator.engine.payments.cards import SUGGESTED
from stripe_emulator.hosted.card_form import CardForm, fill_card, read_card
from stripe_emulator.hosted.collection import retry_unpaid
from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.payment_methods import use_method
from stripe_emulator.hosted.portal.blueprint import bp, current_portal
from stripe_emulator.hosted.portal.home import after
from stripe_emulator.hosted.storage import attempt, current_store
from stripe_emulator.state.store import Json, Transaction

FEATURE = "payment_method_update"
Page = tuple[str, int]


@bp.get("/payment-methods/add")
def add_payment_method() -> Page:
    """Ask for a new card."""
    return show_form({}, {})


@bp.post("/payment-methods/fill")
def fill_payment_method() -> Page:
    """Fill the form with a test card."""
    return show_form(fill_card(request.form), {})


@bp.post("/payment-methods/add")
def save_payment_method() -> Response | Page:
    """Save the card and use it from now on, after 3-D Secure if the card asks for it."""
    portal = current_portal()
    portal.require(FEATURE)
    with current_store().read() as tx:
        card = read_card(request.form, tx.now(tx.require("customer", portal.customer_id)))
    if card.errors:
        return show_form(card.values, card.errors, 422)
    try:
        return attempt(lambda tx: set_up(tx, portal.customer_id, card))
    except ApiError as error:
        return show_form(card.values, {"card_number": error.body["message"]}, 402)


@bp.get("/payment-methods/saved")
def saved_payment_method() -> Response:
    """Go on after 3-D Secure."""
    with current_store().write() as tx:
        intent = tx.require("setup_intent", request.args.get("setup_intent", ""))
        if intent["customer"] != current_portal().customer_id:
            abort(404)
        if intent["status"] != "succeeded":
            return redirect(url_for("portal.add_payment_method", failed=1), 303)
        return after(tx, "added")


@bp.post("/payment-methods/<method_id>/default")
def make_default(method_id: str) -> Response:
    """Use a saved method from now on."""
    return attempt(lambda tx: _change(tx, method_id, "default"))


@bp.post("/payment-methods/<method_id>/remove")
def remove(method_id: str) -> Response:
    """Forget a saved method."""
    return attempt(lambda tx: _change(tx, method_id, "removed"))


def show_form(values: dict[str, str], errors: dict[str, str], status: int = 200) -> Page:
    """Show the card form."""
    current_portal().require(FEATURE)
    if request.args.get("failed"):
        errors = {"card_number": "We are unable to authenticate your payment method. Please try another."}
    page = render_template("portal/payment_method.html", values=values, errors=errors, cards=SUGGESTED)
    return page, status


def set_up(tx: Transaction, customer: str, card: CardForm) -> Response:
    """Save the card through a setup intent, as Stripe's own portal does."""
    method = call(tx, "POST", "/v1/payment_methods", card.payment_method)
    params: Json = {"customer": customer, "usage": "off_session"}
    intent = call(tx, "POST", "/v1/setup_intents", params)
    back = url_for("portal.saved_payment_method", setup_intent=intent["id"], _external=True)
    hidden = tx.hidden("setup_intent", intent["id"])
    tx.set_hidden("setup_intent", intent["id"], {**hidden, "default_for": customer})
    confirmation = {"payment_method": method["id"], "return_url": back}
    intent = call(tx, "POST", f"/v1/setup_intents/{intent['id']}/confirm", confirmation)
    if intent["status"] == "requires_action":
        return redirect(intent["next_action"]["redirect_to_url"]["url"], 303)
    use_method(tx, customer, method["id"])
    retry_unpaid(tx, customer)
    return after(tx, "added")


def _change(tx: Transaction, method_id: str, what: str) -> Response:
    portal = current_portal()
    portal.require(FEATURE)
    method = tx.get("payment_method", method_id)
    if method is None or method["customer"] != portal.customer_id:
        abort(404)
    if what == "default":
        use_method(tx, portal.customer_id, method_id)
        retry_unpaid(tx, portal.customer_id)
    else:
        call(tx, "POST", f"/v1/payment_methods/{method_id}/detach", {})
    return after(tx, what)
