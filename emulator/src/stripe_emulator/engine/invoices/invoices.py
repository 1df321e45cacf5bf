"""Invoices: drafted, finalized, and brought to one of their ends."""

import copy
from typing import Any

from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing, record_change
from stripe_emulator.engine.invoices import customer_balance, discounts, invoice_payments
from stripe_emulator.engine.invoices.invoice_building import build_invoice
from stripe_emulator.engine.invoices.invoice_items import claim_items
from stripe_emulator.engine.links import invoice_pdf_url, invoice_url
from stripe_emulator.engine.settings import DAY, setting
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def draft_invoice(
    tx: Transaction,
    customer: Json,
    currency: str,
    billing_reason: str,
    invoice_lines: list[Json],
    **more: Any,
) -> Json:
    """Store a draft and emit `invoice.created`; unless told otherwise it is finalized in an hour."""
    return store_draft(tx, build_invoice(tx, customer, currency, billing_reason, invoice_lines, **more))


def store_draft(tx: Transaction, invoice: Json) -> Json:
    """Store a draft that was built and emit `invoice.created`; if it advances by itself, it is finalized in an hour."""
    if invoice["auto_advance"]:
        finalizes_at = invoice["created"] + setting(tx, "invoice_draft_seconds")
        invoice["automatically_finalizes_at"] = finalizes_at
        timers.set_timer(tx, "finalize_invoice", invoice["id"], finalizes_at, invoice["test_clock"])
    tx.insert(invoice)
    claim_items(tx, invoice)
    tx.emit("invoice.created", invoice)
    return invoice


def finalize_invoice(
    tx: Transaction, invoice: Json, *, intent: Json | None = None, announce_update: bool = False
) -> Json:
    """Give the draft its number and open it; what is due waits for payment on its payment intent."""
    before = copy.deepcopy(invoice)
    now = tx.now(invoice)
    timers.clear_timer(tx, "finalize_invoice", invoice["id"])
    invoice.update(
        status="open",
        number=_next_number(tx, invoice["customer"]),
        effective_at=invoice["effective_at"] or now,
        automatically_finalizes_at=None,
        hosted_invoice_url=invoice_url(tx, invoice["id"]),
        invoice_pdf=invoice_pdf_url(tx, invoice["id"]),
        status_transitions={**invoice["status_transitions"], "finalized_at": now},
    )
    settle_balance = customer_balance.apply_to_invoice if intent is None else customer_balance.leave_untouched
    settle_balance(tx, invoice)
    if invoice["collection_method"] == "send_invoice":
        invoice["due_date"] = invoice["due_date"] or now + 30 * DAY
        timers.set_timer(tx, "invoice_overdue", invoice["id"], invoice["due_date"], invoice["test_clock"])
    if announce_update:
        record_change(tx, "invoice.updated", before, invoice)
    tx.save(invoice)
    tx.emit("invoice.finalized", invoice)
    _note_on_customer(tx, invoice)
    if invoice["amount_due"] == 0:
        mark_paid(tx, invoice, attempted=True)
    else:
        invoice_payments.open_payment(tx, invoice, intent)
    return invoice


def send_by_mail(tx: Transaction, invoice: Json) -> None:
    """Send an open invoice to the customer, where that is how it is collected."""
    if invoice["status"] == "open" and invoice["collection_method"] == "send_invoice":
        tx.emit("invoice.sent", invoice)


def mark_paid(tx: Transaction, invoice: Json, *, attempted: bool = False, out_of_band: bool = False) -> Json:
    """Close the invoice as paid, with the three events that say so."""
    before = copy.deepcopy(invoice)
    paid = invoice["amount_remaining"]
    timers.clear_timer(tx, "retry_invoice", invoice["id"])
    invoice.update(
        status="paid",
        attempted=attempted or invoice["attempted"],
        amount_paid=invoice["amount_paid"] + paid,
        amount_remaining=0,
        auto_advance=False,
        next_payment_attempt=None,
        status_transitions={**invoice["status_transitions"], "paid_at": tx.now(invoice)},
    )
    if out_of_band:
        invoice["amount_paid_off_stripe"] = paid
    record_change(tx, "invoice.updated", before, invoice)
    tx.emit("invoice.paid", invoice)
    tx.emit("invoice.payment_succeeded", invoice)
    return invoice


def void_invoice(tx: Transaction, invoice: Json) -> Json:
    """Take back an open invoice: nothing is owed on it."""
    _close(tx, invoice, "void", "voided_at", "invoice.voided")
    invoice_payments.cancel_open(tx, invoice, "void_invoice")
    return invoice


def mark_uncollectible(tx: Transaction, invoice: Json) -> Json:
    """Give up on an open invoice; it can still be paid."""
    _close(tx, invoice, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible")
    return invoice


def delete_draft(tx: Transaction, invoice: Json) -> Json:
    """Forget a draft; its invoice items wait for the next invoice."""
    for item in tx.find("invoiceitem", invoice=invoice["id"]):
        item["invoice"] = None
        tx.save(item)
    timers.clear_timer(tx, "finalize_invoice", invoice["id"])
    tx.delete("invoice", invoice["id"])
    tx.emit("invoice.deleted", invoice)
    return {"id": invoice["id"], "object": "invoice", "deleted": True}


def subscription_of(tx: Transaction, invoice: Json) -> Json | None:
    """Return the subscription that an invoice bills."""
    details = (invoice["parent"] or {}).get("subscription_details")
    return tx.get("subscription", details["subscription"]) if details else None


def invoices_of(tx: Transaction, subscription: Json) -> list[Json]:
    """Return the subscription's invoices, newest first."""
    found = tx.find("invoice", customer=subscription["customer"])
    return [
        each
        for each in found
        if (each["parent"] or {}).get("subscription_details", {}).get("subscription") == subscription["id"]
    ]


def _next_number(tx: Transaction, customer_id: str) -> str:
    customer = tx.require("customer", customer_id)
    prefix = customer.get("invoice_prefix") or customer_id[-8:].upper()
    number = customer.get("next_invoice_sequence") or 1
    tx.save({**customer, "next_invoice_sequence": number + 1})
    return f"{prefix}-{number:04d}"


def _note_on_customer(tx: Transaction, invoice: Json) -> None:
    """Bind the customer to the currency of their first invoice, and use up a discount that counts once."""
    customer = tx.require("customer", invoice["customer"])
    own = customer.get("discount")
    used = own is not None and own["id"] in invoice["discounts"] and discounts.lasts_once(tx, own["id"])
    with changing(tx, "customer.updated", customer):
        customer["currency"] = customer.get("currency") or invoice["currency"]
        customer["discount"] = None if used else own
    if own is not None and used:
        tx.emit("customer.discount.deleted", own)


def _close(tx: Transaction, invoice: Json, status: str, moment: str, event: str) -> None:
    before = copy.deepcopy(invoice)
    timers.clear_timer(tx, "retry_invoice", invoice["id"])
    transitions = {**invoice["status_transitions"], moment: tx.now(invoice)}
    invoice.update(status=status, auto_advance=False, next_payment_attempt=None, status_transitions=transitions)
    record_change(tx, "invoice.updated", before, invoice)
    tx.emit(event, invoice)
