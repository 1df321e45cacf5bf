"""What a Checkout Session sells, as parameters of a subscription or as an invoice."""

from stripe_emulator.documents import Json
from stripe_emulator.engine import (
    charging,
    invoices,
    lines,
)
from stripe_emulator.engine.invoice_building import build_invoice
from stripe_emulator.engine.money import price_amount
from stripe_emulator.engine.outcomes import Outcome
from stripe_emulator.engine.subscription_settings import trial_settings
from stripe_emulator.transaction import Transaction


def subscription_params(tx: Transaction, session: Json, hidden: Json, payment_method: str | None) -> Json:
    """Return the parameters for the subscription that the paid session makes."""
    data = hidden.get("subscription_data") or {}
    kept = hidden["line_items"]
    copied = (
        "billing_cycle_anchor",
        "billing_mode",
        "default_tax_rates",
        "description",
        "metadata",
        "proration_behavior",
        "trial_end",
        "trial_period_days",
    )
    return {
        **{key: data[key] for key in copied if key in data},
        "items": [_entry(each) for each in kept if each["price"]["recurring"]],
        "add_invoice_items": [_entry(each) for each in kept if not each["price"]["recurring"]],
        "default_payment_method": payment_method,
        "discounts": [{key: value for key, value in each.items() if value} for each in session["discounts"] or []],
        "checkout_session": session["id"],
        "trial_settings": data.get("trial_settings") or {"end_behavior": trial_settings(None)["end_behavior"]},
        "automatic_tax": {"enabled": session["automatic_tax"]["enabled"]},
    }


def _entry(kept: Json) -> Json:
    rates = [rate["id"] for rate in kept["tax_rates"]]
    return {
        "price_object": kept["price"],
        "quantity": kept["quantity"],
        "metadata": kept["metadata"],
        "tax_rates": rates,
    }


def invoice_purchase(tx: Transaction, session: Json, customer: Json, hidden: Json, intent: Json | None) -> Json:
    now = tx.now(customer)
    found = [
        lines.new_line(
            price_amount(each["price"], each["quantity"]),
            session["currency"],
            lines.product_name(tx, each["price"]),
            {"start": now, "end": now},
            None,
            price=each["price"],
            quantity=each["quantity"],
        )
        for each in hidden["line_items"]
    ]
    data = session["invoice_creation"]["invoice_data"]
    invoice = build_invoice(
        tx,
        customer,
        session["currency"],
        "manual",
        found,
        auto_advance=False,
        description=data["description"],
        footer=data["footer"],
        metadata=dict(data["metadata"]),
    )
    difference = invoice["total"] - (session["amount_total"] or 0)
    if difference:
        invoice.update(
            {
                key: invoice[key] - difference
                for key in ("total", "total_excluding_tax", "amount_due", "amount_remaining")
            }
        )
    tx.insert(invoice)
    tx.emit("invoice.created", invoice)
    invoices.finalize_invoice(tx, invoice, intent=intent)
    if intent is not None and invoice["status"] == "open":
        outcome = Outcome("succeeded" if intent["status"] == "succeeded" else "processing")
        charging.carry_to_invoice(tx, invoice, intent, outcome)
    return invoice
