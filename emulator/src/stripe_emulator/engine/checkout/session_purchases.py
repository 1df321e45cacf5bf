"""What a Checkout Session sells, as parameters of a subscription or as an invoice."""

from stripe_emulator.engine.currencies import price_in
from stripe_emulator.engine.invoices import discounts, invoices, lines
from stripe_emulator.engine.invoices.invoice_building import build_invoice
from stripe_emulator.engine.money import price_amount
from stripe_emulator.engine.payments import charging
from stripe_emulator.engine.payments.outcomes import Outcome
from stripe_emulator.engine.subscriptions.subscription_settings import trial_settings
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


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
        "currency": session["currency"],
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
    """Make the invoice of a one-time purchase, paid with the session's payment intent."""
    now = tx.now(customer)
    period = {"start": now, "end": now}
    data = session["invoice_creation"]["invoice_data"]
    invoice = build_invoice(
        tx,
        customer,
        session["currency"],
        "manual",
        [_line(tx, each, session["currency"], period) for each in hidden["line_items"]],
        auto_advance=False,
        discounts=redeem_discounts(tx, session, customer["id"]),
        starting_balance=0,
        description=data["description"],
        footer=data["footer"],
        metadata=dict(data["metadata"]),
    )
    tx.insert(invoice)
    tx.emit("invoice.created", invoice)
    invoices.finalize_invoice(tx, invoice, intent=intent)
    if intent is not None and invoice["status"] == "open":
        outcome = Outcome("succeeded" if intent["status"] == "succeeded" else "processing")
        charging.carry_to_invoice(tx, invoice, intent, outcome)
    return invoice


def redeem_discounts(tx: Transaction, session: Json, customer_id: str | None) -> list[str]:
    """Use up the session's coupon or promotion code for a one-time purchase."""
    given = [{key: value for key, value in each.items() if value} for each in session["discounts"] or []]
    return discounts.redeem_all(tx, given, customer=customer_id, checkout_session=session["id"])


def _line(tx: Transaction, kept: Json, currency: str, period: Json) -> Json:
    price, quantity = price_in(tx, kept["price"], currency), kept["quantity"]
    return lines.new_line(
        price_amount(tx, price, quantity),
        currency,
        lines.product_name(tx, price),
        period,
        None,
        price=price,
        quantity=quantity,
        taxes=[{"tax_rate_details": {"tax_rate": rate["id"]}} for rate in kept["tax_rates"]],
    )
