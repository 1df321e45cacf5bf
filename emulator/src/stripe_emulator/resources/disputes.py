"""Disputes."""

from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.payments import disputes
from stripe_emulator.resources.fields import carry
from stripe_emulator.state.documents import Json


@operation("GET", "/v1/disputes")
def list_all(request: Request) -> Json:
    """List disputes."""
    filters = {name: request.params.get(name) for name in ("charge", "payment_intent")}
    return list_objects(request, "dispute", filters)


@operation("GET", "/v1/disputes/{dispute}")
def retrieve(request: Request) -> Json:
    """Return a dispute."""
    return request.tx.require("dispute", request.path["dispute"])


@operation("POST", "/v1/disputes/{dispute}")
def update(request: Request) -> Json:
    """Answer a dispute with evidence; it is submitted unless told otherwise."""
    dispute, params = retrieve(request), request.params
    with changing(request.tx, "charge.dispute.updated", dispute):
        carry(dispute, params, ())
    if params.get("evidence") or params.get("submit"):
        dispute = disputes.submit_evidence(
            request.tx, dispute, params.get("evidence") or {}, params.get("submit", True)
        )
    return dispute


@operation("POST", "/v1/disputes/{dispute}/close")
def close(request: Request) -> Json:
    """Accept a dispute as lost."""
    return disputes.close(request.tx, retrieve(request))
