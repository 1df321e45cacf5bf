"""Charges."""

from stripe_emulator.api import errors
from stripe_emulator.api.currencies import check_currency
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.api.search import search_objects
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.payments import attempts, payment_intents, payment_methods
from stripe_emulator.engine.prices import check_charge_amount
from stripe_emulator.resources.fields import carry
from stripe_emulator.state.documents import Json

_SEARCHABLE = ("amount", "created", "currency", "customer", "disputed", "metadata", "refunded", "status")


@operation("POST", "/v1/charges")
def create(request: Request) -> Json:
    """Charge a token or a saved card the old way."""
    tx, params = request.tx, request.params
    for name in ("amount", "currency"):
        if name not in params:
            raise errors.invalid_request(f"Missing required param: {name}.", name, "parameter_missing")
    currency = check_currency(params["currency"])
    check_charge_amount(params["amount"], currency)
    customer = tx.require("customer", params["customer"], "customer") if params.get("customer") else None
    source = params.get("source") or (customer or {}).get("default_source")
    if not source:
        raise errors.invalid_request("Must provide source or customer.", "source", "parameter_missing")
    method = payment_methods.resolve(tx, source, "source")
    intent = payment_intents.create_intent(
        tx,
        params["amount"],
        currency,
        customer=customer["id"] if customer else None,
        description=params.get("description"),
        metadata=params.get("metadata") or {},
        capture_method="manual" if params.get("capture") is False else None,
    )
    if attempts.attempt(tx, intent, method, off_session=True).status != "succeeded":
        raise payment_intents.decline_error(tx, intent)
    return tx.require("charge", intent["latest_charge"])


@operation("GET", "/v1/charges")
def list_all(request: Request) -> Json:
    """List charges."""
    filters = {name: request.params.get(name) for name in ("customer", "payment_intent", "transfer_group")}
    return list_objects(request, "charge", filters)


@operation("GET", "/v1/charges/search")
def search(request: Request) -> Json:
    """Search charges."""
    return search_objects(request, "charge", _SEARCHABLE)


@operation("GET", "/v1/charges/{charge}")
def retrieve(request: Request) -> Json:
    """Return a charge."""
    return request.tx.require("charge", request.path["charge"])


@operation("POST", "/v1/charges/{charge}")
def update(request: Request) -> Json:
    """Change a charge's description or metadata."""
    charge = retrieve(request)
    with changing(request.tx, "charge.updated", charge):
        carry(charge, request.params, ("description", "receipt_email", "shipping", "transfer_group"))
    return charge


@operation("POST", "/v1/charges/{charge}/capture")
def capture(request: Request) -> Json:
    """Take the money of an authorized charge."""
    charge = retrieve(request)
    if charge["captured"] or charge["status"] != "succeeded":
        raise errors.invalid_request(
            f"Charge {charge['id']} has already been captured.", code="charge_already_captured"
        )
    intent = request.tx.require("payment_intent", charge["payment_intent"])
    payment_intents.capture(request.tx, intent, request.params.get("amount"))
    return retrieve(request)
