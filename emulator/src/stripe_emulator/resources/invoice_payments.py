"""Invoice payments."""

from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.state.documents import Json


@operation("GET", "/v1/invoice_payments")
def list_all(request: Request) -> Json:
    """List payments, of an invoice or of a payment intent."""
    params = request.params
    wanted = (params.get("payment") or {}).get("payment_intent")
    where = (lambda one: one["payment"].get("payment_intent") == wanted) if wanted else None
    filters = {"invoice": params.get("invoice"), "status": params.get("status")}
    if wanted and not filters["invoice"]:
        filters["invoice"] = request.tx.hidden("payment_intent", wanted).get("invoice", "none")
    return list_objects(request, "invoice_payment", filters, where=where)


@operation("GET", "/v1/invoice_payments/{invoice_payment}")
def retrieve(request: Request) -> Json:
    """Return a payment."""
    return request.tx.require("invoice_payment", request.path["invoice_payment"])
