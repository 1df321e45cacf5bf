"""Customers."""

import re
import secrets

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects, off_the_clocks
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.api.search import search_objects
from stripe_emulator.engine.changes import changing
from stripe_emulator.resources import customer_payment
from stripe_emulator.resources.fields import address, carry, deleted
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

_TEXT = ("description", "email", "name", "phone", "business_name", "individual_name")
_PLAIN = (*_TEXT, "balance", "invoice_prefix", "next_invoice_sequence", "preferred_locales", "tax_exempt")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")


def build(tx: Transaction, params: Json) -> Json:
    """Store a new customer."""
    customer = tx.insert(_build(tx, params))
    tx.emit("customer.created", customer)
    return customer


@operation("POST", "/v1/customers")
def create(request: Request) -> Json:
    """Create a customer, with a payment method and tax ids if given."""
    tx, params = request.tx, request.params
    _check(params)
    if params.get("test_clock"):
        tx.require("test_helpers.test_clock", params["test_clock"], "test_clock")
    customer = build(tx, params)
    customer_payment.apply(tx, customer, params)
    return tx.require("customer", customer["id"])


@operation("GET", "/v1/customers")
def list_all(request: Request) -> Json:
    """List customers; those on a test clock only when that clock is asked for."""
    filters = {name: request.params.get(name) for name in ("email", "test_clock")}
    return list_objects(request, "customer", filters=filters, where=off_the_clocks(request, "test_clock"))


@operation("GET", "/v1/customers/search")
def search(request: Request) -> Json:
    """Search customers."""
    return search_objects(request, "customer", ("created", "email", "metadata", "name", "phone"))


@operation("GET", "/v1/customers/{customer}")
def retrieve(request: Request) -> Json:
    """Return a customer, or the stub of a deleted one."""
    id = request.path["customer"]
    if request.tx.hidden("customer", id).get("deleted"):
        return deleted("customer", id)
    return request.tx.require("customer", id)


@operation("POST", "/v1/customers/{customer}")
def update(request: Request) -> Json:
    """Change a customer."""
    tx, params = request.tx, request.params
    customer = tx.require("customer", request.path["customer"])
    _check(params)
    with changing(tx, "customer.updated", customer):
        _carry(customer, params)
    customer_payment.apply(tx, customer, params)
    return tx.require("customer", customer["id"])


@operation("DELETE", "/v1/customers/{customer}")
def delete(request: Request) -> Json:
    """Delete a customer for good; what they subscribe to ends at once."""
    customer = request.tx.require("customer", request.path["customer"])
    remove(request.tx, customer)
    return deleted("customer", customer["id"])


@operation("DELETE", "/v1/customers/{customer}/discount")
def delete_discount(request: Request) -> Json:
    """Take the customer's discount away."""
    customer = request.tx.require("customer", request.path["customer"])
    discount = customer_payment.remove_discount(request.tx, customer)
    if discount is None:
        raise errors.invalid_request(f"No active discount for customer: {customer['id']}", status=404)
    return {**discount, "deleted": True}


def remove(tx: Transaction, customer: Json) -> None:
    """Delete the customer: subscriptions are canceled, payment methods detached."""
    from stripe_emulator.engine.subscriptions.ending import end_subscription

    for subscription in tx.find("subscription", customer=customer["id"]):
        if subscription["status"] not in ("canceled", "incomplete_expired"):
            end_subscription(tx, subscription)
    gone = tx.require("customer", customer["id"])
    tx.delete("customer", customer["id"])
    tx.set_hidden("customer", customer["id"], {"deleted": True})
    for payment_method in tx.find("payment_method", customer=customer["id"]):
        tx.save({**payment_method, "customer": None})
    tx.emit("customer.deleted", gone)


def _check(params: Json) -> None:
    email = params.get("email")
    if email and not (_EMAIL.match(email) and len(email) <= 512):
        raise errors.invalid_request(f"Invalid email address: {email}", "email", "email_invalid")


def _build(tx: Transaction, params: Json) -> Json:
    clock = params.get("test_clock")
    customer: Json = {
        "id": ids.new_id("customer"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": tx.now({"test_clock": clock}),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": secrets.token_hex(4).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": clock,
    }
    _carry(customer, params)
    return customer


def _carry(customer: Json, params: Json) -> None:
    carry(customer, params, _PLAIN)
    customer["tax_exempt"] = customer["tax_exempt"] or "none"
    if "address" in params:
        customer["address"] = address(params["address"], customer["address"])
    if "shipping" in params:
        shipping = params["shipping"]
        whole = {"phone": None, **shipping, "address": address(shipping["address"])} if shipping else None
        customer["shipping"] = whole
    settings = dict(params.get("invoice_settings", {}))
    settings.pop("default_payment_method", None)
    carry(customer["invoice_settings"], settings, ("custom_fields", "footer", "rendering_options"))
    for optional in ("business_name", "individual_name"):
        if customer.get(optional) is None:
            customer.pop(optional, None)
