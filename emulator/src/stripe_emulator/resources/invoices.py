"""Invoices."""

import copy
from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.api.currencies import check_currency
from stripe_emulator.api.pagination import in_range, list_objects, list_of
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.api.search import search_objects
from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing, record_change
from stripe_emulator.engine.invoices import automatic_tax, discounts, invoices
from stripe_emulator.engine.invoices.invoice_building import pending_item_lines
from stripe_emulator.engine.invoices.invoice_items import claim_items
from stripe_emulator.engine.invoices.totals import compute_totals
from stripe_emulator.engine.payments import payment_methods
from stripe_emulator.engine.settings import DAY
from stripe_emulator.engine.subscriptions.subscription_items import tax_rates
from stripe_emulator.resources.fields import carry
from stripe_emulator.state.documents import Json

_PATH = "/v1/invoices/{invoice}"
_SEARCHABLE = ("created", "currency", "customer", "metadata", "number", "status", "subscription", "total")
_PLAIN = (
    "collection_method",
    "custom_fields",
    "description",
    "due_date",
    "effective_at",
    "footer",
    "statement_descriptor",
)


@operation("POST", "/v1/invoices")
def create(request: Request) -> Json:
    """Create a draft, of the customer's pending items if asked to."""
    tx, params = request.tx, request.params
    if not params.get("customer"):
        raise errors.invalid_request("Missing required param: customer.", "customer", "parameter_missing")
    customer = tx.require("customer", params["customer"], "customer")
    subscription = (
        tx.require("subscription", params["subscription"], "subscription") if params.get("subscription") else None
    )
    currency = (
        check_currency(params["currency"]) if params.get("currency") else _currency(request, customer, subscription)
    )
    includes = subscription is not None or params.get("pending_invoice_items_behavior") == "include"
    pending = pending_item_lines(tx, customer["id"], currency, subscription["id"] if subscription else None)
    invoice = invoices.draft_invoice(
        tx,
        customer,
        currency,
        "manual",
        pending if includes else [],
        subscription=subscription,
        **_fields(request, customer),
    )
    claim_items(tx, invoice)
    return invoice


@operation("GET", "/v1/invoices")
def list_all(request: Request) -> Json:
    """List invoices."""
    params = request.params
    filters = {name: params.get(name) for name in ("customer", "status", "collection_method")}
    wanted, due = params.get("subscription"), params.get("due_date")
    return list_objects(
        request,
        "invoice",
        filters,
        where=lambda one: (not wanted or _subscription_id(one) == wanted) and in_range(one["due_date"], due),
    )


@operation("GET", "/v1/invoices/search")
def search(request: Request) -> Json:
    """Search invoices."""
    return search_objects(request, "invoice", _SEARCHABLE)


@operation("GET", _PATH)
def retrieve(request: Request) -> Json:
    """Return an invoice."""
    return request.tx.require("invoice", request.path["invoice"])


@operation("POST", _PATH)
def update(request: Request) -> Json:
    """Change a draft, or what can still be changed of a finalized invoice."""
    tx, params = request.tx, request.params
    invoice = retrieve(request)
    with changing(tx, "invoice.updated", invoice):
        carry(invoice, params, _PLAIN)
        if "automatic_tax" in params:
            invoice["automatic_tax"] = automatic_tax.of_invoice(params["automatic_tax"])
        if params.get("default_payment_method"):
            invoice["default_payment_method"] = payment_methods.resolve(tx, params["default_payment_method"])["id"]
        if "auto_advance" in params:
            _set_auto_advance(request, invoice, params["auto_advance"])
        if "discounts" in params:
            check_draft(invoice, "change the discounts of")
            invoice["discounts"] = discounts.redeem_all(
                tx,
                params["discounts"],
                customer=invoice["customer"],
                currency=invoice["currency"],
                invoice=invoice["id"],
            )
            compute_totals(tx, invoice)
        if "default_tax_rates" in params:
            check_draft(invoice, "change the tax rates of")
            invoice["default_tax_rates"] = tax_rates(tx, params["default_tax_rates"], "default_tax_rates")
            compute_totals(tx, invoice)
    return invoice


@operation("DELETE", _PATH)
def delete(request: Request) -> Json:
    """Delete a draft."""
    invoice = retrieve(request)
    if invoice["status"] != "draft" or (invoice["parent"] or {}).get("subscription_details"):
        raise errors.invalid_request(
            "You can only delete draft invoices that are not of a subscription.", code="invoice_not_editable"
        )
    return invoices.delete_draft(request.tx, invoice)


@operation("GET", _PATH + "/lines")
def list_lines(request: Request) -> Json:
    """List an invoice's lines."""
    return list_of(request, retrieve(request)["lines"]["data"])


@operation("POST", _PATH + "/lines/{line_item_id}")
def update_line(request: Request) -> Json:
    """Change a line of a draft."""
    invoice = retrieve(request)
    check_draft(invoice, "change the lines of")
    line = _line(invoice, request.path["line_item_id"])
    before = copy.deepcopy(invoice)
    _change_line(line, request.params)
    compute_totals(request.tx, invoice)
    record_change(request.tx, "invoice.updated", before, invoice)
    return line


def _line(invoice: Json, id: str) -> Json:
    found: Json | None = next((line for line in invoice["lines"]["data"] if line["id"] == id), None)
    if found is None:
        raise errors.resource_missing("line_item", id)
    return found


def _change_line(line: Json, params: Json) -> None:
    carry(line, params, ("description", "discountable", "quantity"))
    if "period" in params:
        line["period"] = params["period"]
    if "amount" in params:
        line.update(amount=params["amount"], subtotal=params["amount"])


def _fields(request: Request, customer: Json) -> Json:
    tx, params = request.tx, request.params
    fields: dict[str, Any] = {name: params[name] for name in _PLAIN if params.get(name) is not None}
    fields["metadata"] = params.get("metadata") or {}
    fields["auto_advance"] = params.get("auto_advance", False)
    if params.get("automatic_tax"):
        fields["automatic_tax"] = automatic_tax.of_invoice(params["automatic_tax"])
    if params.get("default_payment_method"):
        fields["default_payment_method"] = payment_methods.resolve(tx, params["default_payment_method"])["id"]
    if params.get("days_until_due") is not None:
        fields["due_date"] = tx.now(customer) + params["days_until_due"] * DAY
    if params.get("discounts"):
        fields["discounts"] = discounts.redeem_all(tx, params["discounts"], customer=customer["id"])
    if params.get("default_tax_rates"):
        fields["default_tax_rates"] = tax_rates(tx, params["default_tax_rates"], "default_tax_rates")
    return fields


def _currency(request: Request, customer: Json, subscription: Json | None) -> str:
    pending = request.tx.find("invoiceitem", customer=customer["id"], invoice=None)
    found = (
        (subscription or {}).get("currency")
        or customer.get("currency")
        or (pending[0]["currency"] if pending else "usd")
    )
    return str(found)


def _subscription_id(invoice: Json) -> str | None:
    details: Json = (invoice["parent"] or {}).get("subscription_details") or {}
    return details.get("subscription")


def _set_auto_advance(request: Request, invoice: Json, wanted: bool) -> None:
    invoice["auto_advance"] = wanted
    if invoice["status"] == "draft" and wanted:
        at = request.tx.now(invoice) + 3600
        invoice["automatically_finalizes_at"] = at
        timers.set_timer(request.tx, "finalize_invoice", invoice["id"], at, invoice["test_clock"])
    elif not wanted:
        invoice.update(automatically_finalizes_at=None, next_payment_attempt=None)
        timers.clear_timer(request.tx, "finalize_invoice", invoice["id"])
        timers.clear_timer(request.tx, "retry_invoice", invoice["id"])


def check_draft(invoice: Json, verb: str) -> None:
    """Refuse to change an invoice that is no draft."""
    if invoice["status"] != "draft":
        raise errors.invalid_request(
            f"You can only {verb} draft invoices; this one is {invoice['status']}.",
            code="invoice_not_editable",
        )
