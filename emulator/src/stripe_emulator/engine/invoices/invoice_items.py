"""Invoice items: amounts that wait for, or are put on, a customer's invoice."""

from typing import Any

from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def create_invoice_item(tx: Transaction, customer: Json, amount: int, currency: str, **fields: Any) -> Json:
    """Create a pending invoice item and emit `invoiceitem.created`."""
    now = tx.now(customer)
    item: Json = {
        "id": ids.new_id("invoiceitem"),
        "object": "invoiceitem",
        "amount": amount,
        "currency": currency,
        "customer": customer["id"],
        "date": now,
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "net_amount": amount,
        "parent": None,
        "period": {"start": now, "end": now},
        "pricing": None,
        "proration": False,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
        "test_clock": customer.get("test_clock"),
        **{key: value for key, value in fields.items() if value is not None},
    }
    tx.insert(item)
    tx.emit("invoiceitem.created", item)
    return item


def claim_items(tx: Transaction, invoice: Json) -> None:
    """Mark the invoice items behind an invoice's lines as billed on it."""
    for line in invoice["lines"]["data"]:
        item = tx.get("invoiceitem", item_of(line) or "")
        if item is not None and item["invoice"] != invoice["id"]:
            tx.save({**item, "invoice": invoice["id"]})


def item_of(line: Json) -> str | None:
    """Return the id of the invoice item that a line comes from."""
    parent = line["parent"] or {}
    details = parent.get("invoice_item_details") or parent.get("subscription_item_details") or {}
    found: str | None = details.get("invoice_item")
    return found
