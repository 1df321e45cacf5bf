"""Test clocks: time that moves when it is told to."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine import clocks
from stripe_emulator.engine.changes import changing
from stripe_emulator.resources import customers
from stripe_emulator.resources.fields import deleted
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json

_KIND = "test_helpers.test_clock"
_LIFETIME_SECONDS = 30 * 24 * 3600


@operation("POST", "/v1/test_helpers/test_clocks")
def create(request: Request) -> Json:
    """Create a clock that stands at a time."""
    now, customer = request.tx.now(), _customer(request)
    clock: Json = {
        "id": ids.new_id(_KIND),
        "object": _KIND,
        "created": now,
        "deletes_after": now + _LIFETIME_SECONDS,
        "frozen_time": request.params["frozen_time"],
        "livemode": False,
        "name": request.params.get("name") or None,
        "status": "ready",
        "status_details": {},
    }
    request.tx.insert(clock)
    if customer is not None:
        with changing(request.tx, "customer.updated", customer):
            customer["test_clock"] = clock["id"]
    request.tx.emit("test_helpers.test_clock.created", clock)
    return clock


def _customer(request: Request) -> Json | None:
    """Return the customer who is put on the clock, while there is nothing yet that real time is moving."""
    wanted = request.params.get("customer")
    if not wanted:
        return None
    customer = request.tx.require("customer", wanted, "customer")
    if customer["test_clock"] or request.tx.find("subscription", customer=customer["id"]):
        raise errors.invalid_request(
            "Only a customer without a test clock and without subscriptions can be put on a test clock.", "customer"
        )
    return customer


@operation("GET", "/v1/test_helpers/test_clocks")
def list_all(request: Request) -> Json:
    """List clocks."""
    return list_objects(request, _KIND)


@operation("GET", "/v1/test_helpers/test_clocks/{test_clock}")
def retrieve(request: Request) -> Json:
    """Return a clock."""
    return request.tx.require(_KIND, request.path["test_clock"])


@operation("POST", "/v1/test_helpers/test_clocks/{test_clock}/advance")
def advance(request: Request) -> Json:
    """Move the clock, and with it everything that its customers have."""
    target = request.params["frozen_time"]
    before = request.tx.require(_KIND, request.path["test_clock"])
    clocks.advance(request.tx, before["id"], target)
    # Stripe answers before it has begun; the clock is ready by the time it is asked for again.
    return {**before, "status": "advancing", "status_details": {"advancing": {"target_frozen_time": target}}}


@operation("DELETE", "/v1/test_helpers/test_clocks/{test_clock}")
def delete(request: Request) -> Json:
    """Delete the clock with its customers."""
    tx = request.tx
    clock = tx.require(_KIND, request.path["test_clock"])
    for customer in tx.find("customer", test_clock=clock["id"]):
        customers.remove(tx, customer)
    tx.delete(_KIND, clock["id"])
    tx.emit("test_helpers.test_clock.deleted", clock)
    return deleted(_KIND, clock["id"])
