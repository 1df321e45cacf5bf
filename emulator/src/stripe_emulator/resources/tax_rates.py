"""Tax rates."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.copies import refresh_copies
from stripe_emulator.resources.fields import carry
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json

_TEXT = ("country", "description", "display_name", "jurisdiction", "state", "tax_type")


@operation("POST", "/v1/tax_rates")
def create(request: Request) -> Json:
    """Create a tax rate."""
    tx, params = request.tx, request.params
    percentage = params["percentage"]
    if not 0 <= percentage <= 100:
        raise errors.invalid_request("Invalid percentage: it must be between 0 and 100.", "percentage")
    rate: Json = {
        "id": ids.new_id("tax_rate"),
        "object": "tax_rate",
        "active": params.get("active", True),
        "country": None,
        "created": tx.now(),
        "description": None,
        "effective_percentage": percentage,
        "flat_amount": None,
        "inclusive": params["inclusive"],
        "jurisdiction": None,
        "jurisdiction_level": None,
        "livemode": False,
        "metadata": {},
        "percentage": percentage,
        "rate_type": "percentage",
        "state": None,
        "tax_type": None,
    }
    carry(rate, params, _TEXT)
    tx.insert(rate)
    tx.emit("tax_rate.created", rate)
    return rate


@operation("GET", "/v1/tax_rates")
def list_all(request: Request) -> Json:
    """List tax rates."""
    return list_objects(
        request, "tax_rate", filters={name: request.params.get(name) for name in ("active", "inclusive")}
    )


@operation("GET", "/v1/tax_rates/{tax_rate}")
def retrieve(request: Request) -> Json:
    """Return a tax rate."""
    return request.tx.require("tax_rate", request.path["tax_rate"])


@operation("POST", "/v1/tax_rates/{tax_rate}")
def update(request: Request) -> Json:
    """Change what a tax rate is called, or switch it off."""
    rate = request.tx.require("tax_rate", request.path["tax_rate"])
    with changing(request.tx, "tax_rate.updated", rate):
        carry(
            rate,
            {name: value for name, value in request.params.items() if name != "tax_type" or value},
            (*_TEXT, "active"),
        )
    refresh_copies(request.tx, rate)
    return rate
