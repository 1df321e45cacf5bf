"""Tax ids of customers and of the account."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.resources.fields import deleted
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def add(tx: Transaction, customer_id: str | None, type: str, value: str) -> Json:
    """Add a tax id to the customer, or to the account."""
    owner = {"type": "customer" if customer_id else "self", "customer_account": None}
    tax_id: Json = {
        "id": ids.new_id("tax_id"),
        "object": "tax_id",
        "country": type[:2].upper() if type != "eu_vat" else value[:2].upper(),
        "created": tx.now({"customer": customer_id}),
        "customer": customer_id,
        "customer_account": None,
        "livemode": False,
        "owner": {**owner, "customer": customer_id} if customer_id else owner,
        "type": type,
        "value": value,
        "verification": {"status": "pending", "verified_address": None, "verified_name": None},
    }
    tx.insert(tax_id)
    if customer_id:
        tx.emit("customer.tax_id.created", tax_id)
    return tax_id


@operation("POST", "/v1/customers/{customer}/tax_ids")
def create_for_customer(request: Request) -> Json:
    """Add a tax id to the customer."""
    customer = request.tx.require("customer", request.path["customer"])
    return add(request.tx, customer["id"], request.params["type"], request.params["value"])


@operation("GET", "/v1/customers/{customer}/tax_ids")
def list_of_customer(request: Request) -> Json:
    """List the customer's tax ids."""
    customer = request.tx.require("customer", request.path["customer"])
    return list_objects(request, "tax_id", filters={"customer": customer["id"]})


@operation("GET", "/v1/customers/{customer}/tax_ids/{id}")
def retrieve_of_customer(request: Request) -> Json:
    """Return one of the customer's tax ids."""
    return _of_customer(request)


@operation("DELETE", "/v1/customers/{customer}/tax_ids/{id}")
def delete_of_customer(request: Request) -> Json:
    """Remove one of the customer's tax ids."""
    return _remove(request.tx, _of_customer(request))


@operation("POST", "/v1/tax_ids")
def create(request: Request) -> Json:
    """Add a tax id to the account, or to the customer that is named as its owner."""
    owner = request.params.get("owner", {"type": "self"})
    customer_id = owner.get("customer") if owner["type"] == "customer" else None
    if customer_id:
        request.tx.require("customer", customer_id, "owner[customer]")
    return add(request.tx, customer_id, request.params["type"], request.params["value"])


@operation("GET", "/v1/tax_ids")
def list_all(request: Request) -> Json:
    """List the account's own tax ids, or those of the owner asked for."""
    wanted = request.params.get("owner", {}).get("customer")
    return list_objects(request, "tax_id", where=lambda one: one["customer"] == wanted)


@operation("GET", "/v1/tax_ids/{id}")
def retrieve(request: Request) -> Json:
    """Return a tax id."""
    return request.tx.require("tax_id", request.path["id"])


@operation("DELETE", "/v1/tax_ids/{id}")
def delete(request: Request) -> Json:
    """Remove a tax id."""
    return _remove(request.tx, request.tx.require("tax_id", request.path["id"]))


def _of_customer(request: Request) -> Json:
    tax_id = request.tx.require("tax_id", request.path["id"])
    if tax_id["customer"] != request.path["customer"]:
        raise errors.resource_missing("tax_id", tax_id["id"])
    return tax_id


def _remove(tx: Transaction, tax_id: Json) -> Json:
    tx.delete("tax_id", tax_id["id"])
    if tax_id["customer"]:
        tx.emit("customer.tax_id.deleted", tax_id)
    return deleted("tax_id", tax_id["id"])
