"""What an item's current period was billed at: the invoice line, or the proration, that its credit gives back."""

from dataclasses import dataclass

from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


@dataclass(frozen=True)
class Debit:
    """An amount, less its discounts, for a stretch of time."""

    amount: int
    start: int
    end: int
    #: How a credit refers to it.
    credited_items: Json


def latest_debit(tx: Transaction, subscription: Json, item: Json, at: int) -> Debit | None:
    """Return what was last billed, or is about to be, for the item's period around `at`; None if nothing was."""
    found = [*_pending(tx, subscription, item), *_billed(tx, subscription, item)]
    return next((each for each in found if each.start <= at <= each.end == item["current_period_end"]), None)


def _pending(tx: Transaction, subscription: Json, item: Json) -> list[Debit]:
    waiting = tx.find("invoiceitem", customer=subscription["customer"], invoice=None)
    return [
        Debit(each["amount"], each["period"]["start"], each["period"]["end"], _waiting(each["id"]))
        for each in waiting
        if each["proration"] and each["amount"] > 0 and _item_of(each) == item["id"]
    ]


def _billed(tx: Transaction, subscription: Json, item: Json) -> list[Debit]:
    found = []
    for invoice in tx.find("invoice", customer=subscription["customer"]):
        if invoice["status"] != "void":
            lines = [line for line in invoice["lines"]["data"] if line["amount"] >= 0 and _item_of(line) == item["id"]]
            found += [_of_line(invoice, line) for line in lines]
    return found


def _of_line(invoice: Json, line: Json) -> Debit:
    net = line["amount"] - sum(each["amount"] for each in line["discount_amounts"])
    return Debit(net, line["period"]["start"], line["period"]["end"], _on_invoice(invoice["id"], line["id"]))


def _waiting(invoice_item: str) -> Json:
    return {"type": "invoice_item", "invoice_item": invoice_item}


def _on_invoice(invoice: str, line: str) -> Json:
    details = {"invoice": invoice, "invoice_line_items": [line]}
    return {"type": "invoice_line_items", "invoice_line_item_details": details}


def _item_of(holder: Json) -> str | None:
    parent = holder["parent"] or {}
    details = parent.get("subscription_details") or parent.get("subscription_item_details") or {}
    found: str | None = details.get("subscription_item")
    return found
