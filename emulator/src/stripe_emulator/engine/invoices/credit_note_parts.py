"""A credit note's lines, and where its money goes."""

from dataclasses import dataclass

from stripe_emulator.api import errors
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json


@dataclass(frozen=True)
class Split:
    """Where the money of a credit note goes."""

    amount: int
    pre_payment: int
    refund: int
    credit: int
    out_of_band: int


def split_amount(invoice: Json, amount: int, params: Json) -> Split:
    """Return where the amount goes, refusing what does not add up."""
    if invoice["status"] not in ("open", "paid"):
        raise errors.invalid_request("A credit note can only be issued for an open or paid invoice.", "invoice")
    paid = invoice["status"] == "paid"
    credited = invoice["post_payment_credit_notes_amount"] + invoice["pre_payment_credit_notes_amount"]
    left = invoice["total"] - credited if paid else invoice["amount_remaining"]
    if not 0 < amount <= left:
        raise errors.invalid_request(f"The credit note's amount must be between 1 and {left}.", "amount")
    refund, out = params.get("refund_amount") or 0, params.get("out_of_band_amount") or 0
    credit = params.get("credit_amount")
    if not paid:
        return Split(amount, amount, 0, 0, 0)
    if credit is None:
        credit = amount - refund - out
    if refund + credit + out != amount:
        raise errors.invalid_request(
            "The sum of refund_amount, credit_amount and out_of_band_amount must equal the credit note's amount.",
            "amount",
        )
    return Split(amount, 0, refund, credit, out)


def note_lines(invoice: Json, params: Json) -> list[Json]:
    """Return the lines that the parameters name, or one for the whole amount."""
    by_id = {line["id"]: line for line in invoice["lines"]["data"]}
    found = []
    for index, entry in enumerate(params.get("lines") or []):
        line = by_id.get(entry.get("invoice_line_item") or "")
        if entry["type"] == "invoice_line_item" and line is None:
            name = entry.get("invoice_line_item")
            raise errors.invalid_request(
                f"No such invoice line item: '{name}'",
                f"lines[{index}][invoice_line_item]",
                "resource_missing",
            )
        quantity = entry.get("quantity") or (line or {}).get("quantity") or 1
        amount = entry.get("amount")
        if amount is None:
            amount = entry["unit_amount"] * quantity if entry.get("unit_amount") else (line or {}).get("amount", 0)
        found.append(note_line(amount, entry.get("description") or (line or {}).get("description"), quantity, line))
    if not found:
        found.append(note_line(params.get("amount") or invoice["total"], "Credit", 1, None))
    return found


def note_line(amount: int, description: str | None, quantity: int, invoice_line: Json | None) -> Json:
    """Return one line."""
    line: Json = {
        "id": ids.new_id("credit_note_line_item"),
        "object": "credit_note_line_item",
        "amount": amount,
        "description": description,
        "discount_amount": 0,
        "discount_amounts": [],
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": quantity,
        "tax_rates": [],
        "taxes": [],
        "type": "invoice_line_item" if invoice_line else "custom_line_item",
        "unit_amount": None if invoice_line else amount // quantity,
        "unit_amount_decimal": None if invoice_line else str(amount // quantity),
    }
    return {**line, "invoice_line_item": invoice_line["id"]} if invoice_line else line
