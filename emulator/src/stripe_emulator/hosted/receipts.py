"""The receipt of a charge, and the PDF of a credit note."""

from flask import Blueprint, Response, make_response, render_template

from stripe_emulator.hosted import pdf
from stripe_emulator.hosted.accounts import merchant_name
from stripe_emulator.hosted.money import format_amount
from stripe_emulator.hosted.pdf import MARGIN, Page
from stripe_emulator.hosted.storage import current_store
from stripe_emulator.hosted.templating import format_day

bp = Blueprint("receipts", __name__)


@bp.get("/receipts/<charge_id>")
def show_receipt(charge_id: str) -> str:
    """Show what was charged, when, and to which card."""
    with current_store().read() as tx:
        charge, merchant = tx.require("charge", charge_id), merchant_name(tx)
    method = {"type": charge["payment_method_details"]["type"], **charge["payment_method_details"]}
    return render_template("invoices/receipt.html", charge=charge, merchant=merchant, method=method)


@bp.get("/credit_notes/<credit_note_id>/pdf")
def credit_note_pdf(credit_note_id: str) -> Response:
    """Return a credit note as a PDF."""
    with current_store().read() as tx:
        note, merchant = tx.require("credit_note", credit_note_id), merchant_name(tx)
    page, title = Page(), f"Credit note {note['number']}"
    page.text(MARGIN, 76, title, 20, "serif")
    page.text(MARGIN, 104, merchant, 11, "bold")
    page.text(MARGIN, 120, format_day(note["created"]))
    page.rule(140)
    page.text(MARGIN, 162, f"Credited: {format_amount(note['amount'], note['currency'])}", 12, "bold")
    page.text(MARGIN, 800, "Made by the Stripe emulator: no money moved.", 8)
    response = make_response(pdf.render([page], title))
    response.mimetype = "application/pdf"
    return response
