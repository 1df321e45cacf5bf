"""The hosted invoice page, where an open invoice can be paid, and its PDF."""

from collections.abc import Callable

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from stripe_emulator.api.errors import ApiError
from stripe_emulator.engine.invoices import invoice_payments
from stripe_emulator.engine.payments import charging
from stripe_emulator.engine.payments.cards import SUGGESTED
from stripe_emulator.hosted.accounts import merchant_name, seller_lines
from stripe_emulator.hosted.card_form import fill_card, read_card
from stripe_emulator.hosted.invoice_pdf import Parties, invoice_pdf
from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.payment_methods import default_method_of, use_method
from stripe_emulator.hosted.storage import attempt, current_store
from stripe_emulator.hosted.templating import format_brand
from stripe_emulator.state.store import Json, Transaction

bp = Blueprint("invoices", __name__, url_prefix="/i")

Page = tuple[str, int]
NOTICES = {"paid": "Thank you. The invoice is paid."}
NOT_AUTHENTICATED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)


@bp.get("/<invoice_id>")
def show(invoice_id: str) -> Page:
    """Show the invoice."""
    failed = request.args.get("redirect_status") == "failed"
    return page(invoice_id, {}, {"card_number": NOT_AUTHENTICATED} if failed else {})


@bp.post("/<invoice_id>/fill")
def fill(invoice_id: str) -> Page:
    """Fill the card form with a test card."""
    return page(invoice_id, fill_card(request.form), {})


@bp.post("/<invoice_id>/pay")
def pay(invoice_id: str) -> BaseResponse | Page:
    """Pay with the card that was typed, and keep it for the renewals to come."""
    with current_store().read() as tx:
        card = read_card(request.form, tx.now(tx.require("invoice", invoice_id)))
    if card.errors:
        return page(invoice_id, card.values, card.errors, 422)

    def carry_out(tx: Transaction) -> BaseResponse:
        method = call(tx, "POST", "/v1/payment_methods", card.payment_method)
        return collect(tx, invoice_id, method["id"], keep=True)

    return _try(invoice_id, carry_out, card.values)


@bp.post("/<invoice_id>/pay-saved")
def pay_saved(invoice_id: str) -> BaseResponse | Page:
    """Pay with the method that renewals use."""

    def carry_out(tx: Transaction) -> BaseResponse:
        customer = tx.require("customer", tx.require("invoice", invoice_id)["customer"])
        return collect(tx, invoice_id, default_method_of(tx, customer))

    return _try(invoice_id, carry_out, {})


@bp.get("/<invoice_id>/pdf")
def pdf(invoice_id: str) -> Response:
    """Return the invoice as a PDF."""
    with current_store().read() as tx:
        invoice = tx.require("invoice", invoice_id)
        document = invoice_pdf(invoice, Parties(seller_lines(tx), paid_with(tx, invoice)))
    response = make_response(document)
    response.mimetype = "application/pdf"
    name = invoice["number"] or invoice["id"]
    response.headers.set("Content-Disposition", "inline", filename=f"Invoice-{name}.pdf")
    return response


def paid_with(tx: Transaction, invoice: Json) -> str:
    """Name what paid the invoice; empty where nothing was charged."""
    intent = invoice_payments.default_intent(tx, invoice) if invoice["status"] == "paid" else None
    charge = tx.get("charge", intent["latest_charge"]) if intent and intent["latest_charge"] else None
    details = charge["payment_method_details"] if charge else None
    return format_brand({"type": details["type"], **details}) if details else ""


def page(invoice_id: str, values: dict[str, str], errors: dict[str, str], status: int = 200) -> Page:
    """Show the invoice, with the card form while something is owed."""
    with current_store().read() as tx:
        invoice = tx.require("invoice", invoice_id)
        customer = tx.get("customer", invoice["customer"])
        default = default_method_of(tx, customer) if customer else None
        context: Json = {
            "invoice": invoice,
            "merchant": merchant_name(tx),
            "seller": seller_lines(tx),
            "method": paid_with(tx, invoice),
            "payable": invoice["status"] == "open" and invoice["amount_remaining"] > 0,
            "saved": tx.get("payment_method", default) if default else None,
        }
    notice = NOTICES.get(request.args.get("done", ""))
    html = render_template(
        "invoices/show.html", values=values, errors=errors, cards=SUGGESTED, notice=notice, **context
    )
    return html, status


def collect(tx: Transaction, invoice_id: str, method_id: str | None, keep: bool = False) -> BaseResponse:
    """Pay the invoice, once however often it is asked for; `keep` uses the card for renewals too."""
    invoice = tx.require("invoice", invoice_id)
    here = url_for("invoices.show", invoice_id=invoice_id, _external=True)
    if invoice["status"] == "open":
        method = tx.get("payment_method", method_id) if method_id else None
        outcome = charging.pay_invoice(tx, invoice, method, return_url=here)
        intent = invoice_payments.default_intent(tx, invoice)
        if outcome.status == "authenticate" and intent:
            return _authenticate(tx, intent, invoice["customer"] if keep else None)
        refusal = charging.refusal(tx, invoice, outcome)
        if refusal is not None:
            raise refusal
        if keep and method_id:
            use_method(tx, invoice["customer"], method_id)
    return redirect(url_for("invoices.show", invoice_id=invoice_id, done="paid"), 303)


def _authenticate(tx: Transaction, intent: Json, customer: str | None) -> BaseResponse:
    hidden = tx.hidden("payment_intent", intent["id"])
    tx.set_hidden("payment_intent", intent["id"], {**hidden, "default_for": customer})
    return redirect(url_for("authentication.challenge", intent_id=intent["id"]), 303)


def _try(invoice_id: str, action: Callable[[Transaction], BaseResponse], values: dict[str, str]) -> BaseResponse | Page:
    try:
        return attempt(action)
    except ApiError as error:
        return page(invoice_id, values, {"card_number": error.body["message"]}, error.status)
