"""What goes on an invoice: built with its sums, not stored yet; a preview is no more than this."""

from typing import Any

from stripe_emulator.engine.invoices import automatic_tax, lines
from stripe_emulator.engine.invoices.totals import compute_totals
from stripe_emulator.engine.settings import DAY
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.transaction import Transaction


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
        **_blank(),
        "id": invoice_id,
        "billing_reason": billing_reason,
        "created": now,
        "currency": currency,
        "discounts": _discounts(customer, subscription),
        "lines": _list_of(invoice_id, invoice_lines),
        "parent": subscription_parent(subscription) if subscription else None,
        "period_end": now,
        "period_start": _period_start(subscription, now),
        "starting_balance": customer.get("balance") or 0,
        "test_clock": customer.get("test_clock"),
        **_customer_snapshot(tx, customer),
        **(_subscription_settings(subscription, now) if subscription else {}),
        **fields,
    }
    compute_totals(tx, invoice)
    return invoice


def pending_item_lines(
    tx: Transaction, customer: str, currency: str, subscription: str | None, invoice_id: str | None = None
) -> list[Json]:
    """Return lines for the customer's pending invoice items, the latest day's first, and put them on the invoice.

    What one change brought stays together, the credit before the charge.
    """
    found = []
    waiting = list(reversed(tx.find("invoiceitem", customer=customer, invoice=None)))
    for item in sorted(waiting, key=lambda one: -int(one["date"])):
        parent = (item["parent"] or {}).get("subscription_details") or {}
        if item["currency"] == currency and parent.get("subscription") in (None, subscription):
            found.append(lines.invoice_item_line(item))
            if invoice_id:
                item["invoice"] = invoice_id
                tx.save(item)
    return found


def subscription_parent(subscription: Json) -> Json:
    """Return the `parent` of a subscription's invoice, with its metadata as they are now."""
    details = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def _period_start(subscription: Json | None, now: int) -> int:
    """Return since when the subscription's current period runs, or now without one."""
    items = subscription["items"]["data"] if subscription else []
    return min((item["current_period_start"] for item in items), default=now)


def _blank() -> Json:
    return {
        "object": "invoice",
        "account_country": "US",
        "account_name": "Stripe emulator",
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": automatic_tax.of_invoice(None),
        "collection_method": "charge_automatically",
        "default_tax_rates": [],
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "livemode": False,
        "metadata": {},
        "payment_settings": dict.fromkeys(("default_mandate", "payment_method_options", "payment_method_types")),
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "status": "draft",
        "status_transitions": dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        "total_taxes": [],
    }


def _customer_snapshot(tx: Transaction, customer: Json) -> Json:
    return {
        "customer": customer["id"],
        "customer_address": customer.get("address"),
        "customer_email": customer.get("email"),
        "customer_name": customer.get("name"),
        "customer_phone": customer.get("phone"),
        "customer_shipping": customer.get("shipping"),
        "customer_tax_exempt": customer.get("tax_exempt") or "none",
        "customer_tax_ids": [
            {"type": each["type"], "value": each["value"]} for each in tx.find("tax_id", customer=customer["id"])
        ],
    }


def _subscription_settings(subscription: Json, now: int) -> Json:
    due = now + (subscription["days_until_due"] or 30) * DAY
    return {
        "collection_method": subscription["collection_method"],
        "due_date": due if subscription["collection_method"] == "send_invoice" else None,
        "automatic_tax": automatic_tax.of_invoice(subscription["automatic_tax"]),
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


def _list_of(invoice_id: str, invoice_lines: list[Json]) -> Json:
    return {
        "object": "list",
        "data": invoice_lines,
        "has_more": False,
        "url": f"/v1/invoices/{invoice_id}/lines",
    }
