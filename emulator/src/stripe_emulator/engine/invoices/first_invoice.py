"""The lines of a subscription's first invoice."""

from stripe_emulator.engine.currencies import price_in
from stripe_emulator.engine.invoices import lines
from stripe_emulator.engine.invoices.invoice_building import pending_item_lines
from stripe_emulator.engine.money import price_amount
from stripe_emulator.engine.prices import resolve_price
from stripe_emulator.engine.subscriptions.first_period import FirstPeriod
from stripe_emulator.engine.subscriptions.subscription_items import once_period
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def first_lines(tx: Transaction, subscription: Json, period: FirstPeriod, params: Json) -> list[Json]:
    """Return what was pending, what is sold once beside the subscription, and then what the first period costs."""
    found = []
    for index, entry in enumerate(params.get("add_invoice_items") or []):
        found.append(_one_time_line(tx, subscription, entry, f"add_invoice_items[{index}]"))
    found += pending_item_lines(tx, subscription["customer"], subscription["currency"], subscription["id"])
    for item in subscription["items"]["data"]:
        line = lines.item_line(tx, subscription, item, trial=period.trial_end is not None)
        found.append(period.prorate(line, item))
    return found


def _one_time_line(tx: Transaction, subscription: Json, entry: Json, param: str) -> Json:
    price = price_in(tx, resolve_price(tx, entry, param), subscription["currency"])
    quantity = entry.get("quantity") or 1
    invoice_item: Json = {
        "id": ids.new_id("invoiceitem"),
        "proration": False,
    }
    parent = lines.invoice_item_parent(invoice_item, subscription["id"])
    return lines.new_line(
        price_amount(tx, price, quantity),
        price["currency"],
        lines.product_name(tx, price),
        once_period(subscription),
        parent,
        price=price,
        quantity=quantity,
        subscription=subscription["id"],
        metadata=entry.get("metadata") or {},
    )
