"""Invoice items."""

from fractions import Fraction
from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.api.currencies import check_currency
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.currencies import currencies_of, price_in
from stripe_emulator.engine.invoices import discounts, lines
from stripe_emulator.engine.invoices.invoice_items import create_invoice_item
from stripe_emulator.engine.invoices.totals import compute_totals
from stripe_emulator.engine.money import price_amount, round_half_up
from stripe_emulator.engine.prices import resolve_price
from stripe_emulator.engine.subscriptions.subscription_items import tax_rates
from stripe_emulator.resources.fields import carry, deleted
from stripe_emulator.state.documents import Json


@operation("POST", "/v1/invoiceitems")
def create(request: Request) -> Json:
    """Create an item for the customer's next invoice, or for a draft."""
    tx, params = request.tx, request.params
    if not params.get("customer"):
        raise errors.invalid_request("Missing required param: customer.", "customer", "parameter_missing")
    customer = tx.require("customer", params["customer"], "customer")
    invoice = _draft(request)
    amount, currency, fields = _amount(request, customer)
    fields["discounts"] = discounts.redeem_all(tx, params.get("discounts"), customer=customer["id"], currency=currency)
    item = create_invoice_item(tx, customer, amount, currency, **fields)
    if invoice is not None:
        item["invoice"] = invoice["id"]
        tx.save(item)
        _bill(request, invoice, item)
    return item


@operation("GET", "/v1/invoiceitems")
def list_all(request: Request) -> Json:
    """List invoice items."""
    params = request.params
    pending = params.get("pending")
    where = (lambda one: (one["invoice"] is None) == pending) if pending is not None else None
    filters = {"customer": params.get("customer"), "invoice": params.get("invoice")}
    return list_objects(request, "invoiceitem", filters, where=where)


@operation("GET", "/v1/invoiceitems/{invoiceitem}")
def retrieve(request: Request) -> Json:
    """Return an invoice item."""
    return request.tx.require("invoiceitem", request.path["invoiceitem"])


@operation("POST", "/v1/invoiceitems/{invoiceitem}")
def update(request: Request) -> Json:
    """Change an item that is still pending."""
    item, params = retrieve(request), request.params
    _check_pending(item)
    carry(item, params, ("description", "discountable"))
    if "amount" in params:
        item.update(amount=params["amount"], net_amount=params["amount"])
    if "period" in params:
        item["period"] = params["period"]
    return request.tx.save(item)


@operation("DELETE", "/v1/invoiceitems/{invoiceitem}")
def delete(request: Request) -> Json:
    """Delete an item that is still pending."""
    item = retrieve(request)
    _check_pending(item)
    request.tx.delete("invoiceitem", item["id"])
    request.tx.emit("invoiceitem.deleted", item)
    return deleted("invoiceitem", item["id"])


def _draft(request: Request) -> Json | None:
    given = request.params.get("invoice")
    if not given:
        return None
    invoice = request.tx.require("invoice", given, "invoice")
    if invoice["status"] != "draft":
        raise errors.invalid_request("You can only add items to draft invoices.", "invoice", "invoice_not_editable")
    return invoice


def _amount(request: Request, customer: Json) -> tuple[int, str, dict[str, Any]]:
    tx, params = request.tx, request.params
    fields: dict[str, Any] = {name: params.get(name) for name in ("description", "metadata", "period", "discountable")}
    if params.get("subscription"):
        subscription = tx.require("subscription", params["subscription"], "subscription")
        fields["parent"] = {
            "subscription_details": {"subscription": subscription["id"]},
            "type": "subscription_details",
        }
    fields["tax_rates"] = tax_rates(tx, params.get("tax_rates"), "tax_rates")
    quantity = params.get("quantity") or 1
    named = (params.get("pricing") or {}).get("price")
    if named or params.get("price_data"):
        param = "pricing" if named else "price_data"
        price = resolve_price(tx, {"price": named, "price_data": params.get("price_data")}, param)
        if price["type"] == "recurring":
            raise errors.invalid_request(
                "The price specified is set to `type=recurring` but this field only accepts prices with "
                "`type=one_time`.",
                f"{param}[price]",
            )
        wanted = params.get("currency") or customer["currency"]
        if params.get("currency") or wanted in currencies_of(tx, price):
            price = price_in(tx, price, check_currency(wanted))
        fields.update(pricing=lines.pricing(price), quantity=quantity, quantity_decimal=str(quantity))
        fields["description"] = params.get("description") or lines.product_name(tx, price)
        return price_amount(tx, price, quantity), price["currency"], fields
    if "unit_amount_decimal" in params:
        fields.update(quantity=quantity, quantity_decimal=str(quantity))
        amount = round_half_up(Fraction(params["unit_amount_decimal"]) * quantity)
        return amount, check_currency(params.get("currency") or "usd"), fields
    if "amount" not in params:
        raise errors.invalid_request("You must specify `amount` or `pricing`.", "amount", "parameter_missing")
    return params["amount"], check_currency(params.get("currency") or "usd"), fields


def _bill(request: Request, invoice: Json, item: Json) -> None:
    line = {**lines.invoice_item_line(item), "invoice": invoice["id"]}
    with changing(request.tx, "invoice.updated", invoice):
        invoice["lines"]["data"].append(line)
        compute_totals(request.tx, invoice)


def _check_pending(item: Json) -> None:
    if item["invoice"] is not None:
        raise errors.invalid_request(
            "This invoice item is on an invoice and cannot be changed.", code="invoice_not_editable"
        )
