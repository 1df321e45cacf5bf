"""What is done to an invoice: finalized, paid, voided, given up, sent."""

from stripe_emulator.api import errors
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.invoices import invoices
from stripe_emulator.engine.payments import charging, lifecycle, payment_methods
from stripe_emulator.resources.invoices import check_draft, retrieve
from stripe_emulator.state.documents import Json

_PATH = "/v1/invoices/{invoice}"


@operation("POST", _PATH + "/finalize")
def finalize(request: Request) -> Json:
    """Finalize a draft."""
    invoice = retrieve(request)
    check_draft(invoice, "finalize")
    if "auto_advance" in request.params:
        invoice["auto_advance"] = request.params["auto_advance"]
    return invoices.finalize_invoice(request.tx, invoice)


@operation("POST", _PATH + "/pay")
def pay(request: Request) -> Json:
    """Pay an invoice now; a draft is finalized first. A decline is a 402."""
    tx, params = request.tx, request.params
    invoice = retrieve(request)
    if invoice["status"] == "draft":
        invoices.finalize_invoice(tx, invoice)
    elif invoice["status"] == "paid":
        raise errors.invalid_request("Invoice is already paid", code="invoice_already_paid")
    elif invoice["status"] == "void":
        raise errors.invalid_request("This invoice is voided and cannot be paid.", code="invoice_not_payable")
    if invoice["status"] == "paid":
        return invoice
    if params.get("paid_out_of_band"):
        charging.collect(tx, invoice, out_of_band=True)
        return retrieve(request)
    method = payment_methods.resolve(tx, params["payment_method"]) if params.get("payment_method") else None
    refusal = charging.refusal(tx, invoice, charging.pay_invoice(tx, invoice, method))
    if refusal is not None:
        raise refusal
    return retrieve(request)


@operation("POST", _PATH + "/void")
def void(request: Request) -> Json:
    """Void an open invoice."""
    invoice = retrieve(request)
    _check_open(invoice, ("open", "uncollectible"), "void")
    invoices.void_invoice(request.tx, invoice)
    lifecycle.invoice_given_up(request.tx, invoice)
    return retrieve(request)


@operation("POST", _PATH + "/mark_uncollectible")
def mark_uncollectible(request: Request) -> Json:
    """Give an open invoice up."""
    invoice = retrieve(request)
    _check_open(invoice, ("open",), "mark as uncollectible")
    invoices.mark_uncollectible(request.tx, invoice)
    lifecycle.invoice_given_up(request.tx, invoice)
    return retrieve(request)


@operation("POST", _PATH + "/send")
def send(request: Request) -> Json:
    """Send an invoice to the customer."""
    invoice = retrieve(request)
    if invoice["status"] == "draft":
        invoices.finalize_invoice(request.tx, invoice)
    request.tx.emit("invoice.sent", invoice)
    return invoice


@operation("POST", _PATH + "/attach_payment")
def attach_payment(request: Request) -> Json:
    """Put a payment intent that was paid on the invoice."""
    invoice = retrieve(request)
    _check_open(invoice, ("open",), "attach a payment to")
    intent = request.tx.require("payment_intent", request.params.get("payment_intent") or "", "payment_intent")
    if intent["status"] != "succeeded" or intent["amount"] < invoice["amount_remaining"]:
        raise errors.invalid_request(
            "Only a paid payment intent of at least the amount due can be attached.", "payment_intent"
        )
    charging.collect(request.tx, invoice, intent["payment_method"])
    return invoice


def _check_open(invoice: Json, allowed: tuple[str, ...], verb: str) -> None:
    if invoice["status"] not in allowed:
        raise errors.invalid_request(
            f"You can only {verb} an invoice that is {' or '.join(allowed)}; this one is {invoice['status']}."
        )
