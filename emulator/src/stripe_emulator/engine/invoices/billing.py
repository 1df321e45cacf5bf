"""Invoices made at once: for a change of plan, a trial that ends early, or what is pending."""

from stripe_emulator.engine.invoices import invoices
from stripe_emulator.engine.invoices.invoice_building import build_invoice, pending_item_lines
from stripe_emulator.engine.invoices.invoice_items import claim_items
from stripe_emulator.engine.payments import charging
from stripe_emulator.engine.payments.outcomes import Outcome
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

SETTLED = Outcome("succeeded")


def prepare(tx: Transaction, subscription: Json, billing_reason: str, invoice_lines: list[Json]) -> Json:
    """Return an invoice of these lines as the subscription's latest, to be issued once the change is told."""
    customer = tx.require("customer", subscription["customer"])
    currency = subscription["currency"]
    invoice = build_invoice(tx, customer, currency, billing_reason, invoice_lines, subscription=subscription)
    subscription["latest_invoice"] = invoice["id"]
    return invoice


def issue(tx: Transaction, subscription: Json, invoice: Json, *, collect: bool = True) -> tuple[Json, Outcome]:
    """Store an invoice that was built, finalize it, and try to collect it."""
    tx.insert(invoice)
    claim_items(tx, invoice)
    tx.emit("invoice.created", invoice)
    _remember_latest(tx, subscription, invoice)
    invoices.finalize_invoice(tx, invoice)
    invoices.send_by_mail(tx, invoice)
    outcome = SETTLED
    if invoice["status"] == "open" and collect and invoice["collection_method"] == "charge_automatically":
        outcome = charging.pay_invoice(tx, invoice)
    return tx.require("invoice", invoice["id"]), outcome


def prepare_pending(tx: Transaction, subscription: Json) -> Json | None:
    """Return an invoice of the subscription's pending invoice items, to be issued, if there are any."""
    customer, currency = subscription["customer"], subscription["currency"]
    pending = pending_item_lines(tx, customer, currency, subscription["id"])
    return prepare(tx, subscription, "subscription_update", pending) if pending else None


def _remember_latest(tx: Transaction, subscription: Json, invoice: Json) -> None:
    subscription["latest_invoice"] = invoice["id"]
    stored = tx.require("subscription", subscription["id"])
    tx.save({**stored, "latest_invoice": invoice["id"]})
