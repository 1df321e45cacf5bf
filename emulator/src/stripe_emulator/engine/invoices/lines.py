"""Invoice lines: from a subscription's items, from invoice items, and how they are described."""

from datetime import UTC, datetime
from typing import Any

from stripe_emulator.engine.currencies import price_in
from stripe_emulator.engine.money import format_amount, price_amount
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.transaction import Transaction

TIMES = "\N{MULTIPLICATION SIGN}"


def item_line(tx: Transaction, subscription: Json, item: Json, *, trial: bool = False) -> Json:
    """Return the line for a subscription item's current period."""
    price, quantity = price_in(tx, item["price"], subscription["currency"]), item.get("quantity", 1)
    period = {"start": item["current_period_start"], "end": item["current_period_end"]}
    amount = 0 if trial else price_amount(tx, price, quantity)
    description = (
        f"Free trial for {counted(tx, price, quantity)}" if trial else _recurring_description(tx, price, quantity)
    )
    parent = item_parent(subscription["id"], item["id"])
    line = new_line(
        amount,
        price["currency"],
        description,
        period,
        parent,
        price=price,
        quantity=quantity,
        metadata=dict(subscription["metadata"]),
        subscription=subscription["id"],
        discounts=list(item["discounts"]),
        taxes=[{"tax_rate_details": {"tax_rate": rate["id"]}} for rate in item["tax_rates"]],
    )
    if trial:
        line["pricing"]["unit_amount_decimal"] = "0"
    return line


def invoice_item_line(invoice_item: Json) -> Json:
    """Return the line for a pending invoice item that is now billed."""
    parent = (invoice_item.get("parent") or {}).get("subscription_details") or {}
    subscription, item = parent.get("subscription"), parent.get("subscription_item")
    if subscription and item and invoice_item["proration"]:
        line_parent = item_parent(subscription, item, invoice_item["id"], invoice_item["proration_details"])
    else:
        line_parent = invoice_item_parent(invoice_item, subscription)
    line = new_line(
        invoice_item["amount"],
        invoice_item["currency"],
        invoice_item["description"],
        invoice_item["period"],
        line_parent,
        quantity=invoice_item["quantity"],
        metadata=dict(invoice_item["metadata"]),
        subscription=subscription,
        discountable=invoice_item["discountable"],
        discounts=list(invoice_item["discounts"]),
        taxes=[{"tax_rate_details": {"tax_rate": rate["id"]}} for rate in invoice_item["tax_rates"]],
    )
    return {**line, "pricing": invoice_item["pricing"]}


def new_line(
    amount: int,
    currency: str,
    description: str | None,
    period: Json,
    parent: Json | None,
    *,
    price: Json | None = None,
    quantity: int | None = 1,
    **fields: Any,
) -> Json:
    """Return an invoice line; its invoice is filled in when it is put on one."""
    return {
        "id": ids.new_id("line_item"),
        "object": "line_item",
        "amount": amount,
        "currency": currency,
        "description": description,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": parent,
        "period": period,
        "pretax_credit_amounts": [],
        "pricing": pricing(price) if price else None,
        "quantity": quantity,
        "quantity_decimal": None if quantity is None else str(quantity),
        "subscription": None,
        "subtotal": amount,
        "taxes": [],
        **fields,
    }


def pricing(price: Json) -> Json:
    """Return how a line refers to its price."""
    return {
        "price_details": {"price": price["id"], "product": id_of(price["product"])},
        "type": "price_details",
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def item_parent(
    subscription: str, item: str, invoice_item: str | None = None, proration_details: Json | None = None
) -> Json:
    """Return the `parent` of a line that comes from a subscription item."""
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": invoice_item,
            "proration": proration_details is not None,
            "proration_details": {"credited_items": _credited_lines(proration_details)},
            "subscription": subscription,
            "subscription_item": item,
        },
        "type": "subscription_item_details",
    }


def _credited_lines(proration_details: Json | None) -> Json | None:
    credited: Json = (proration_details or {}).get("credited_items") or {}
    return credited.get("invoice_line_item_details")


def invoice_item_parent(invoice_item: Json, subscription: str | None) -> Json:
    """Return the `parent` of a line that comes from an invoice item."""
    return {
        "invoice_item_details": {
            "invoice_item": invoice_item["id"],
            "proration": invoice_item["proration"],
            "proration_details": {"credited_items": None},
            "subscription": subscription,
        },
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }


def product_name(tx: Transaction, price: Json) -> str:
    """Return the name of a price's product."""
    product = tx.get("product", id_of(price["product"]))
    return str(product["name"]) if product else str(price["nickname"] or price["id"])


def counted(tx: Transaction, price: Json, quantity: int) -> str:
    """Return how many of the product: with its own word for a unit, such as `seat`, where it has one."""
    product = tx.get("product", id_of(price["product"])) or {}
    label = f" {product['unit_label']}" if product.get("unit_label") else ""
    return f"{quantity}{label} {TIMES} {product_name(tx, price)}"


def date_text(moment: int) -> str:
    """Return the day as Stripe writes it in descriptions: `20 Nov 2026`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%-d %b %Y")


def interval_text(recurring: Json) -> str:
    """Return `month`, or `3 months`."""
    count, interval = recurring["interval_count"], recurring["interval"]
    return str(interval) if count == 1 else f"every {count} {interval}s"


def _recurring_description(tx: Transaction, price: Json, quantity: int) -> str:
    unit = format_amount(price["unit_amount"] or 0, price["currency"])
    return f"{counted(tx, price, quantity)} (at {unit} / {interval_text(price['recurring'])})"
