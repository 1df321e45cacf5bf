"""A customer's cards of the old kind."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.changes import changing
from stripe_emulator.resources import customer_payment
from stripe_emulator.resources.fields import carry, deleted
from stripe_emulator.state.documents import Json

_CHANGEABLE = (
    "name",
    "exp_month",
    "exp_year",
    "address_city",
    "address_country",
    "address_line1",
    "address_line2",
)


@operation("POST", "/v1/customers/{customer}/sources")
def create(request: Request) -> Json:
    """Add a card by token."""
    customer = request.tx.require("customer", request.path["customer"])
    return customer_payment.add_source(request.tx, customer["id"], request.params["source"])


@operation("GET", "/v1/customers/{customer}/sources")
def list_all(request: Request) -> Json:
    """List the customer's cards."""
    customer = request.tx.require("customer", request.path["customer"])
    return list_objects(request, "card", filters={"customer": customer["id"]})


@operation("GET", "/v1/customers/{customer}/sources/{id}")
def retrieve(request: Request) -> Json:
    """Return a card."""
    return _card(request)


@operation("POST", "/v1/customers/{customer}/sources/{id}")
def update(request: Request) -> Json:
    """Change a card's expiry, name or metadata."""
    card = _card(request)
    with changing(request.tx, "customer.source.updated", card):
        carry(card, {name: value for name, value in request.params.items() if value != ""}, _CHANGEABLE)
    return card


@operation("DELETE", "/v1/customers/{customer}/sources/{id}")
def delete(request: Request) -> Json:
    """Remove a card."""
    tx, card = request.tx, _card(request)
    tx.delete("card", card["id"])
    tx.delete("payment_method", card["id"])
    customer = tx.require("customer", card["customer"])
    if customer["default_source"] == card["id"]:
        with changing(tx, "customer.updated", customer):
            customer["default_source"] = None
    tx.emit("customer.source.deleted", card)
    return deleted("card", card["id"])


def _card(request: Request) -> Json:
    customer = request.tx.require("customer", request.path["customer"])
    card = request.tx.get("card", request.path["id"])
    if card is None or card["customer"] != customer["id"]:
        raise errors.resource_missing("source", request.path["id"], "id")
    return card
