"""Refunds."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.payments import refunds
from stripe_emulator.resources.fields import carry
from stripe_emulator.state.documents import Json


@operation("POST", "/v1/refunds")
def create(request: Request) -> Json:
    """Refund a charge or what a payment intent collected."""
    params = request.params
    if params.get("amount", 1) < 1:
        raise errors.invalid_request("Invalid positive integer", "amount", "parameter_invalid_integer")
    charge = _charge(request)
    return refunds.create_refund(
        request.tx,
        charge,
        params.get("amount"),
        reason=params.get("reason"),
        metadata=params.get("metadata") or {},
    )


@operation("GET", "/v1/refunds")
def list_all(request: Request) -> Json:
    """List refunds."""
    filters = {name: request.params.get(name) for name in ("charge", "payment_intent")}
    return list_objects(request, "refund", filters)


@operation("GET", "/v1/refunds/{refund}")
def retrieve(request: Request) -> Json:
    """Return a refund."""
    return request.tx.require("refund", request.path["refund"])


@operation("POST", "/v1/refunds/{refund}")
def update(request: Request) -> Json:
    """Change a refund's metadata."""
    refund = retrieve(request)
    with changing(request.tx, "refund.updated", refund):
        carry(refund, request.params, ())
    request.tx.emit("charge.refund.updated", refund)
    return refund


@operation("POST", "/v1/refunds/{refund}/cancel")
def cancel(request: Request) -> Json:
    """Call a pending refund back."""
    return refunds.cancel_refund(request.tx, retrieve(request))


def _charge(request: Request) -> Json:
    tx, params = request.tx, request.params
    if params.get("charge"):
        return tx.require("charge", params["charge"], "charge")
    if not params.get("payment_intent"):
        raise errors.invalid_request(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    intent = tx.require("payment_intent", params["payment_intent"], "payment_intent")
    if intent["latest_charge"] is None or intent["status"] != "succeeded":
        raise errors.invalid_request(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            "payment_intent",
        )
    return tx.require("charge", intent["latest_charge"])
