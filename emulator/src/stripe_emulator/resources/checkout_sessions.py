"""Checkout Sessions."""

from stripe_emulator.api import errors
from stripe_emulator.api.metadata import merged
from stripe_emulator.api.pagination import list_objects, list_of
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.checkout import checkout_sessions
from stripe_emulator.engine.checkout.session_items import KIND, items_of
from stripe_emulator.state.documents import Json


@operation("POST", "/v1/checkout/sessions")
def create(request: Request) -> Json:
    """Create a session."""
    return checkout_sessions.create_session(request.tx, request.params, request.account)


@operation("GET", "/v1/checkout/sessions")
def list_all(request: Request) -> Json:
    """List sessions."""
    params = request.params
    filters = {name: params.get(name) for name in ("customer", "payment_intent", "status", "subscription")}
    email = (params.get("customer_details") or {}).get("email")
    where = (lambda one: (one["customer_details"] or {}).get("email") == email) if email else None
    return list_objects(request, KIND, filters, where=where)


@operation("GET", "/v1/checkout/sessions/{session}")
def retrieve(request: Request) -> Json:
    """Return a session."""
    return request.tx.require(KIND, request.path["session"])


@operation("POST", "/v1/checkout/sessions/{session}")
def update(request: Request) -> Json:
    """Change an open session's metadata."""
    session = retrieve(request)
    if "metadata" in request.params:
        session["metadata"] = merged(session["metadata"], request.params["metadata"])
    return request.tx.save(session)


@operation("POST", "/v1/checkout/sessions/{session}/expire")
def expire(request: Request) -> Json:
    """Expire an open session."""
    session = retrieve(request)
    if session["status"] != "open":
        raise errors.invalid_request(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{session['status']}`."
        )
    return checkout_sessions.expire_session(request.tx, session)


@operation("GET", "/v1/checkout/sessions/{session}/line_items")
def list_line_items(request: Request) -> Json:
    """List what the session sells."""
    return list_of(request, items_of(request.tx, retrieve(request)))
