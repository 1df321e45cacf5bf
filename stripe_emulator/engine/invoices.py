"""Invoices: drafted, finalized, and brought to one of their ends."""

import copy
from typing import Any

from stripe_emulator import ids
from stripe_emulator.documents import Json, id_of
from stripe_emulator.engine import customer_balance, invoice_payments, lines, timers
from stripe_emulator.engine.changes import changing, record_change
from stripe_emulator.engine.links import invoice_pdf_url, invoice_url
from stripe_emulator.engine.settings import DAY, setting
from stripe_emulator.engine.totals import compute_totals
from stripe_emulator.transaction import Transaction


def build_invoice(
    tx: Transaction,
    customer: Json,
    currency: str,
    billing_reason: str,
    invoice_lines: list[Json],
    *,
    subscription: Json | None = None,
    **fields: Any,
) -> Json:
    """Return a draft with its sums, not stored yet: a preview is no more than this."""
    now = tx.now(customer)
    invoice_id = ids.new_id("invoice")
    for line in invoice_lines:
        line["invoice"] = invoice_id
    invoice: Json = {
        "id": invoice_id,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Stripe emulator",
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "billing_reason": billing_reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": currency,
        "default_tax_rates": [],
        "discounts": _discounts(customer, subscription),
        "issuer": {"type": "self"},
        "lines": _list_of(invoice_id, invoice_lines),
        "livemode": False,
        "metadata": {},
        "parent": subscription_parent(subscription) if subscription else None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": customer.get("balance") or 0,
        "status": "draft",
        "status_transitions": dict.fromkeys(
            ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")
        ),
        "test_clock": customer.get("test_clock"),
        "total_taxes": [],
        **_customer_snapshot(customer),
        **(_subscription_settings(subscription, now) if subscription else {}),
        **fields,
    }
    compute_totals(tx, invoice)
    return invoice


def draft_invoice(
    tx: Transaction,
    customer: Json,
    currency: str,
    billing_reason: str,
    invoice_lines: list[Json],
    **more: Any,
) -> Json:
    """Store a draft and emit `invoice.created`; unless told otherwise it is finalized in an hour."""
    invoice = build_invoice(tx, customer, currency, billing_reason, invoice_lines, **more)
    if invoice["auto_advance"]:
        invoice["automatically_finalizes_at"] = invoice["created"] + setting(tx, "invoice_draft_seconds")
    tx.insert(invoice)
    tx.emit("invoice.created", invoice)
    if invoice["auto_advance"]:
        timers.set_timer(
            tx,
            "finalize_invoice",
            invoice["id"],
            invoice["automatically_finalizes_at"],
            invoice["test_clock"],
        )
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
    customer_balance.apply_to_invoice(tx, invoice)
    if invoice["collection_method"] == "send_invoice":
        invoice["due_date"] = invoice["due_date"] or now + 30 * DAY
        timers.set_timer(tx, "invoice_overdue", invoice["id"], invoice["due_date"], invoice["test_clock"])
    if announce_update:
        record_change(tx, "invoice.updated", before, invoice)
    tx.save(invoice)
    tx.emit("invoice.finalized", invoice)
    _remember_currency(tx, invoice)
    if invoice["amount_due"] == 0:
        mark_paid(tx, invoice, attempted=True)
    else:
        invoice_payments.open_payment(tx, invoice, intent)
    return invoice


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


def pending_item_lines(
    tx: Transaction, customer: str, currency: str, subscription: str | None, invoice_id: str | None = None
) -> list[Json]:
    """Return lines for the customer's pending invoice items, taking them onto the invoice if one is given."""
    found = []
    for item in reversed(tx.find("invoiceitem", customer=customer, invoice=None)):
        parent = (item["parent"] or {}).get("subscription_details") or {}
        if item["currency"] == currency and parent.get("subscription") in (None, subscription):
            found.append(lines.invoice_item_line(item))
            if invoice_id:
                item["invoice"] = invoice_id
                tx.save(item)
    return found


def subscription_of(tx: Transaction, invoice: Json) -> Json | None:
    """Return the subscription that an invoice bills."""
    details = (invoice["parent"] or {}).get("subscription_details")
    return tx.get("subscription", details["subscription"]) if details else None


def subscription_parent(subscription: Json) -> Json:
    """Return the `parent` of a subscription's invoice, with its metadata as they are now."""
    details = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def invoices_of(tx: Transaction, subscription: Json) -> list[Json]:
    """Return the subscription's invoices, newest first."""
    found = tx.find("invoice", customer=subscription["customer"])
    return [
        each
        for each in found
        if (each["parent"] or {}).get("subscription_details", {}).get("subscription") == subscription["id"]
    ]


def _customer_snapshot(customer: Json) -> Json:
    return {
        "customer": customer["id"],
        "customer_address": customer.get("address"),
        "customer_email": customer.get("email"),
        "customer_name": customer.get("name"),
        "customer_phone": customer.get("phone"),
        "customer_shipping": customer.get("shipping"),
        "customer_tax_exempt": customer.get("tax_exempt") or "none",
        "customer_tax_ids": [],
    }


def _subscription_settings(subscription: Json, now: int) -> Json:
    due = now + (subscription["days_until_due"] or 30) * DAY
    return {
        "collection_method": subscription["collection_method"],
        "due_date": due if subscription["collection_method"] == "send_invoice" else None,
        # Left open: it is paid with what the subscription's default is on the day of the charge.
        "default_payment_method": None,
        "default_tax_rates": subscription.get("default_tax_rates") or [],
        "description": subscription["description"],
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": subscription["payment_settings"]["payment_method_options"],
            "payment_method_types": subscription["payment_settings"]["payment_method_types"],
        },
    }


def _discounts(customer: Json, subscription: Json | None) -> list[str]:
    """Return the subscription's discounts, or the customer's own where it has none."""
    if subscription and subscription["discounts"]:
        return list(subscription["discounts"])
    own = customer.get("discount")
    return [id_of(own)] if own else []


def _next_number(tx: Transaction, customer_id: str) -> str:
    customer = tx.require("customer", customer_id)
    prefix = customer.get("invoice_prefix") or customer_id[-8:].upper()
    number = customer.get("next_invoice_sequence") or 1
    tx.save({**customer, "next_invoice_sequence": number + 1})
    return f"{prefix}-{number:04d}"


def _remember_currency(tx: Transaction, invoice: Json) -> None:
    """Bind the customer to the currency of their first invoice."""
    customer = tx.require("customer", invoice["customer"])
    with changing(tx, "customer.updated", customer):
        customer["currency"] = customer.get("currency") or invoice["currency"]


def _close(tx: Transaction, invoice: Json, status: str, moment: str, event: str) -> None:
    before = copy.deepcopy(invoice)
    timers.clear_timer(tx, "retry_invoice", invoice["id"])
    transitions = {**invoice["status_transitions"], moment: tx.now(invoice)}
    invoice.update(
        status=status, auto_advance=False, next_payment_attempt=None, status_transitions=transitions
    )
    record_change(tx, "invoice.updated", before, invoice)
    tx.emit(event, invoice)


def _list_of(invoice_id: str, invoice_lines: list[Json]) -> Json:
    return {
        "object": "list",
        "data": invoice_lines,
        "has_more": False,
        "url": f"/v1/invoices/{invoice_id}/lines",
    }
