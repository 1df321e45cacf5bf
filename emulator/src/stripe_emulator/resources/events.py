"""Events: listing, retrieving, and sending one again."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.api.validation import describe
from stripe_emulator.state import deliveries
from stripe_emulator.state.documents import Json

_MAX_TYPES = 20

describe("POST", "/v1/events/{id}/retry", {"webhook_endpoint": "s", "for_stripecli": "b", "account": "s"})


@operation("GET", "/v1/events")
def list_all(request: Request) -> Json:
    """List events, of some types or by how their delivery went."""
    params = request.params
    if "type" in params and "types" in params:
        raise errors.invalid_request("You may only specify one of these parameters: type, types.", "types")
    if len(params.get("types", [])) > _MAX_TYPES:
        raise errors.invalid_request(f"You may pass at most {_MAX_TYPES} types.", "types")
    wanted = params.get("types") or ([params["type"]] if "type" in params else ["*"])
    success = params.get("delivery_success")

    def is_wanted(event: Json) -> bool:
        fits = any(_type_matches(event["type"], pattern) for pattern in wanted)
        return fits and success in (None, event["pending_webhooks"] == 0)

    return list_objects(request, "event", where=is_wanted)


@operation("GET", "/v1/events/{id}")
def retrieve(request: Request) -> Json:
    """Return an event."""
    return request.tx.require("event", request.path["id"])


@operation("POST", "/v1/events/{id}/retry")
def retry(request: Request) -> Json:
    """Send an event again: to one endpoint, or to the CLIs that listen."""
    tx, params = request.tx, request.params
    event = tx.require("event", request.path["id"])
    if params.get("webhook_endpoint"):
        endpoint = tx.require("webhook_endpoint", params["webhook_endpoint"], "webhook_endpoint")
        deliveries.enqueue(tx, event, endpoint["id"])
    elif params.get("for_stripecli"):
        tx.events_for_cli.append(event)
    else:
        raise errors.invalid_request(
            "Missing required param: webhook_endpoint.", "webhook_endpoint", "parameter_missing"
        )
    return event


def _type_matches(type: str, pattern: str) -> bool:
    return pattern == "*" or type == pattern or (pattern.endswith(".*") and type.startswith(pattern[:-1]))
