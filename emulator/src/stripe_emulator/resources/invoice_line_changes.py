"""Adding, changing and removing several lines of a draft at once."""

import copy

from stripe_emulator.api import errors
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.changes import record_change
from stripe_emulator.engine.currencies import price_in
from stripe_emulator.engine.invoices import lines
from stripe_emulator.engine.invoices.totals import compute_totals
from stripe_emulator.engine.money import price_amount
from stripe_emulator.engine.prices import resolve_price
from stripe_emulator.resources.fields import carry
from stripe_emulator.state.documents import Json

_PATH = "/v1/invoices/{invoice}"


@operation("POST", _PATH + "/add_lines")
def add_lines(request: Request) -> Json:
    """Add lines to a draft."""
    invoice = _draft(request)
    before = copy.deepcopy(invoice)
    for index, entry in enumerate(request.params.get("lines") or []):
        invoice["lines"]["data"].append(_build(request, invoice, entry, f"lines[{index}]"))
    return _keep(request, before, invoice)


@operation("POST", _PATH + "/update_lines")
def update_lines(request: Request) -> Json:
    """Change lines of a draft."""
    invoice = _draft(request)
    before = copy.deepcopy(invoice)
    for entry in request.params.get("lines") or []:
        line = _find(invoice, entry.get("id") or "")
        carry(line, entry, ("description", "discountable", "quantity"))
        if "amount" in entry:
            line.update(amount=entry["amount"], subtotal=entry["amount"])
    return _keep(request, before, invoice)


@operation("POST", _PATH + "/remove_lines")
def remove_lines(request: Request) -> Json:
    """Take lines off a draft."""
    invoice = _draft(request)
    before = copy.deepcopy(invoice)
    for entry in request.params.get("lines") or []:
        invoice["lines"]["data"].remove(_find(invoice, entry.get("id") or ""))
    return _keep(request, before, invoice)


def _draft(request: Request) -> Json:
    invoice = request.tx.require("invoice", request.path["invoice"])
    if invoice["status"] != "draft":
        raise errors.invalid_request("You can only change the lines of draft invoices.", code="invoice_not_editable")
    return invoice


def _find(invoice: Json, id: str) -> Json:
    found: Json | None = next((line for line in invoice["lines"]["data"] if line["id"] == id), None)
    if found is None:
        raise errors.resource_missing("line_item", id)
    return found


def _build(request: Request, invoice: Json, entry: Json, param: str) -> Json:
    now = request.tx.now(invoice)
    quantity = entry.get("quantity") or 1
    period = entry.get("period") or {"start": now, "end": now}
    price = None
    if (entry.get("pricing") or {}).get("price") or (entry.get("price_data") or {}).get("product"):
        given = {"price": (entry.get("pricing") or {}).get("price"), "price_data": entry.get("price_data")}
        price = price_in(request.tx, resolve_price(request.tx, given, param), invoice["currency"])
    amount = price_amount(request.tx, price, quantity) if price else entry.get("amount") or 0
    text = entry.get("description") or (lines.product_name(request.tx, price) if price else None)
    line = lines.new_line(amount, invoice["currency"], text, period, None, price=price, quantity=quantity)
    return {**line, "invoice": invoice["id"], "metadata": entry.get("metadata") or {}}


def _keep(request: Request, before: Json, invoice: Json) -> Json:
    compute_totals(request.tx, invoice)
    record_change(request.tx, "invoice.updated", before, invoice)
    return invoice
