"""The page on which a checkout session is paid."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from stripe_emulator.api.errors import ApiError
from stripe_emulator.engine.payments.cards import SUGGESTED
from stripe_emulator.hosted.accounts import merchant_name
from stripe_emulator.hosted.card_form import fill_card
from stripe_emulator.hosted.checkout import completion, form
from stripe_emulator.hosted.checkout.countries import COUNTRIES
from stripe_emulator.hosted.links import after_checkout, safe_address
from stripe_emulator.hosted.security import allow_form_redirect
from stripe_emulator.hosted.storage import attempt, current_store
from stripe_emulator.state.store import Json, Transaction

bp = Blueprint("checkout", __name__, url_prefix="/c/pay")

Page = tuple[str, int]
NOT_AUTHENTICATED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)


@bp.get("/<session_id>")
def show(session_id: str) -> Page:
    """Show the order and ask for payment, or say that it is over."""
    problem = last_problem(session_id) if request.args.get("redirect_status") == "failed" else None
    return page(session_id, {}, {"card_number": problem} if problem else {})


@bp.post("/<session_id>/fill")
def fill(session_id: str) -> Page:
    """Fill the form with a test card."""
    return page(session_id, fill_card(request.form), {})


@bp.post("/<session_id>")
def pay(session_id: str) -> Response | Page:
    """Pay: once, however often it is pressed."""
    with current_store().read() as tx:
        session = tx.require("checkout.session", session_id)
        answers = form.read_answers(tx, session, request.form)
    if session["status"] == "open" and answers.errors:
        return page(session_id, answers.values, answers.errors, 422)
    allow_form_redirect(session["success_url"])
    try:
        return redirect(attempt(lambda tx: completion.pay(tx, session_id, answers)), 303)
    except ApiError as error:
        return page(session_id, answers.values, {answers.refused_field: error.body["message"]}, error.status)


@bp.post("/<session_id>/promotion-code")
def promotion_code(session_id: str) -> Response | Page:
    """Apply a promotion code, or take it off again."""
    typed = "" if "remove" in request.form else request.form.get("promotion_code", "").strip()[:100]
    if not typed and "remove" not in request.form:
        return page(session_id, {}, {"promotion_code": "Enter a promotion code."}, 422)
    try:
        attempt(lambda tx: completion.apply_code(tx, session_id, typed))
    except ApiError as error:
        return page(session_id, {"promotion_code": typed}, {"promotion_code": error.body["message"]}, 422)
    return redirect(url_for("checkout.show", session_id=session_id), 303)


@bp.post("/<session_id>/quantity")
def quantity(session_id: str) -> Response | Page:
    """Change how many of an item are bought."""
    typed = request.form.get("quantity", "").strip()[:10]
    # Whatever is no number is out of every range, and is answered with that range.
    wanted = int(typed) if typed.isascii() and typed.isdigit() else 0
    try:
        attempt(lambda tx: completion.set_quantity(tx, session_id, request.form.get("item", ""), wanted))
    except ApiError as error:
        return page(session_id, {"quantity": typed}, {"quantity": error.body["message"]}, 422)
    return redirect(url_for("checkout.show", session_id=session_id), 303)


def last_problem(session_id: str) -> str:
    """Return what the bank said after 3-D Secure: that it failed, or that the card was declined all the same."""
    with current_store().read() as tx:
        kind, intent_id = tx.hidden("checkout.session", session_id).get("intent") or ("payment_intent", "")
        intent = tx.get(kind, intent_id) or {}
    failure = intent.get("last_payment_error") or intent.get("last_setup_error") or {}
    return str(failure.get("message") or NOT_AUTHENTICATED)


def page(session_id: str, values: dict[str, str], errors: dict[str, str], status: int = 200) -> Page:
    """Show the session in the state it is in."""
    with current_store().read() as tx:
        session = tx.require("checkout.session", session_id)
        merchant = merchant_name(tx)
        back = safe_address(session["cancel_url"])
        if session["status"] == "complete":
            return _completed(session, merchant), 200
        if session["status"] == "expired" or session["expires_at"] <= tx.now():
            return render_template("checkout/expired.html", merchant=merchant, back=back), 410
        allow_form_redirect(session["success_url"])
        context = _context(tx, session)
    html = render_template(
        "checkout/pay.html",
        values=values,
        errors=errors,
        merchant=merchant,
        back=back,
        session=session,
        **context,
    )
    return html, status


def _context(tx: Transaction, session: Json) -> Json:
    asks = session["billing_address_collection"] == "required" or (session["automatic_tax"] or {}).get("enabled")
    return {
        "order": completion.order_of(tx, session),
        "email": form.known_email(tx, session),
        "takes_sepa": "sepa_debit" in (session["payment_method_types"] or []),
        "asks_address": asks,
        "countries": COUNTRIES,
        "cards": SUGGESTED,
    }


def _completed(session: Json, merchant: str) -> str:
    paid = {
        "paid": "It was paid.",
        "unpaid": "The payment is on its way.",
        "no_payment_required": "Nothing was due.",
    }
    return render_template(
        "checkout/completed.html",
        merchant=merchant,
        sentence=paid.get(session["payment_status"], ""),
        forward=after_checkout(session["id"], session["success_url"]),
        back=None,
    )
