"""Credit notes: an invoice reduced, before it is paid or after."""

import copy

from stripe_emulator.api import errors
from stripe_emulator.engine.changes import changing, record_change
from stripe_emulator.engine.invoices import customer_balance, invoice_payments
from stripe_emulator.engine.invoices.credit_note_parts import Split, note_lines, split_amount
from stripe_emulator.engine.links import credit_note_pdf_url
from stripe_emulator.engine.payments import charging, refunds
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def build_credit_note(tx: Transaction, invoice: Json, params: Json) -> tuple[Json, Split]:
    """Return the credit note that the parameters describe, not stored yet, and how its amount is split."""
    note_id = ids.new_id("credit_note")
    found = note_lines(invoice, params)
    amount = params["amount"] if params.get("amount") is not None else sum(line["amount"] for line in found)
    split = split_amount(invoice, amount, params)
    now = tx.now(invoice)
    note: Json = {
        "id": note_id,
        "object": "credit_note",
        "amount": amount,
        "amount_shipping": 0,
        "created": now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": params.get("effective_at") or now,
        "invoice": invoice["id"],
        "lines": {"object": "list", "data": found, "has_more": False, "url": f"/v1/credit_notes/{note_id}/lines"},
        "livemode": False,
        "memo": params.get("memo"),
        "metadata": params.get("metadata") or {},
        "number": f"{invoice['number']}-CN-{len(tx.find('credit_note', invoice=invoice['id'])) + 1:02d}",
        "out_of_band_amount": params.get("out_of_band_amount"),
        "pdf": credit_note_pdf_url(tx, note_id),
        "post_payment_amount": amount - split.pre_payment,
        "pre_payment_amount": split.pre_payment,
        "pretax_credit_amounts": [],
        "reason": params.get("reason"),
        "refunds": [],
        "status": "issued",
        **dict.fromkeys(("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"), amount),
        "total_taxes": [],
        "type": "pre_payment" if split.pre_payment else "post_payment",
    }
    return note, split


def issue(tx: Transaction, invoice: Json, params: Json) -> Json:
    """Issue a credit note: reduce what is due, or give paid money back."""
    note, split = build_credit_note(tx, invoice, params)
    tx.insert(note)
    if split.refund:
        _refund(tx, invoice, note, split.refund)
    if split.credit:
        customer = tx.require("customer", invoice["customer"])
        transaction = customer_balance.add(
            tx,
            customer,
            -split.credit,
            invoice["currency"],
            "credit_note",
            invoice=invoice["id"],
            credit_note=note["id"],
        )
        note["customer_balance_transaction"] = transaction["id"]
    tx.save(note)
    tx.emit("credit_note.created", note)
    _reduce(tx, invoice, note)
    return note


def void(tx: Transaction, note: Json) -> Json:
    """Take a credit note back; only one of an open invoice can be."""
    invoice = tx.require("invoice", note["invoice"])
    if note["status"] == "void" or invoice["status"] != "open":
        raise errors.invalid_request("Only an issued credit note of an open invoice can be voided.")
    note.update(status="void", voided_at=tx.now(invoice))
    tx.save(note)
    tx.emit("credit_note.voided", note)
    with changing(tx, "invoice.updated", invoice):
        invoice["pre_payment_credit_notes_amount"] -= note["pre_payment_amount"]
        invoice["amount_due"] += note["pre_payment_amount"]
        invoice["amount_remaining"] += note["pre_payment_amount"]
    return note


def _refund(tx: Transaction, invoice: Json, note: Json, amount: int) -> None:
    intent = invoice_payments.default_intent(tx, invoice)
    if intent is None or intent["latest_charge"] is None:
        raise errors.invalid_request("There is no charge of this invoice to refund.", "refund_amount")
    refund = refunds.create_refund(tx, tx.require("charge", intent["latest_charge"]), amount)
    note["refunds"] = [
        {"amount_refunded": amount, "payment_record_refund": None, "refund": refund["id"], "type": "refund"}
    ]


def _reduce(tx: Transaction, invoice: Json, note: Json) -> None:
    before = copy.deepcopy(invoice)
    if invoice["status"] == "paid":
        invoice["post_payment_credit_notes_amount"] += note["amount"]
    else:
        invoice["pre_payment_credit_notes_amount"] += note["amount"]
        invoice["amount_due"] -= note["amount"]
        invoice["amount_remaining"] -= note["amount"]
    record_change(tx, "invoice.updated", before, invoice)
    if invoice["status"] == "open" and invoice["amount_remaining"] == 0:
        invoice_payments.cancel_open(tx, invoice, "void_invoice")
        charging.settle_without_payment(tx, tx.require("invoice", invoice["id"]))
    elif invoice["status"] == "open":
        _ask_for_less(tx, invoice)


def _ask_for_less(tx: Transaction, invoice: Json) -> None:
    intent = invoice_payments.default_intent(tx, invoice)
    if intent is not None and intent["status"] != "succeeded":
        tx.save({**intent, "amount": invoice["amount_remaining"]})
