"""Webhook endpoints."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.resources.fields import carry, deleted
from stripe_emulator.resources.web_addresses import is_web_address
from stripe_emulator.state import deliveries, endpoint_secrets, ids
from stripe_emulator.state.documents import Json

_KIND = "webhook_endpoint"
_MAX_ENDPOINTS = 16


@operation("POST", "/v1/webhook_endpoints")
def create(request: Request) -> Json:
    """Register an endpoint; its secret is told this once."""
    tx, params = request.tx, request.params
    _check(params)
    if len(tx.find(_KIND)) >= _MAX_ENDPOINTS:
        raise errors.invalid_request(f"You have reached the maximum of {_MAX_ENDPOINTS} test webhook endpoints.")
    endpoint: Json = {
        "id": ids.new_id(_KIND),
        "object": _KIND,
        "api_version": params.get("api_version"),
        "application": None,
        "created": tx.now(),
        "description": None,
        "enabled_events": params["enabled_events"],
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": params["url"],
    }
    carry(endpoint, params, ("description",))
    tx.insert(endpoint)
    return {**endpoint, "secret": endpoint_secrets.create(tx, endpoint["id"])}


@operation("GET", "/v1/webhook_endpoints")
def list_all(request: Request) -> Json:
    """List endpoints."""
    return list_objects(request, _KIND)


@operation("GET", "/v1/webhook_endpoints/{webhook_endpoint}")
def retrieve(request: Request) -> Json:
    """Return an endpoint, without its secret."""
    return request.tx.require(_KIND, request.path["webhook_endpoint"])


@operation("POST", "/v1/webhook_endpoints/{webhook_endpoint}")
def update(request: Request) -> Json:
    """Change an endpoint, or switch it off and on."""
    tx, params = request.tx, request.params
    endpoint = tx.require(_KIND, request.path["webhook_endpoint"])
    _check(params)
    carry(endpoint, params, ("description", "enabled_events", "url"))
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    if endpoint["status"] == "disabled":
        deliveries.cancel_for(tx, endpoint["id"])
    return tx.save(endpoint)


@operation("DELETE", "/v1/webhook_endpoints/{webhook_endpoint}")
def delete(request: Request) -> Json:
    """Delete an endpoint; what was on its way to it is given up."""
    tx = request.tx
    endpoint = tx.require(_KIND, request.path["webhook_endpoint"])
    deliveries.cancel_for(tx, endpoint["id"])
    tx.delete(_KIND, endpoint["id"])
    return deleted(_KIND, endpoint["id"])


def _check(params: Json) -> None:
    if "enabled_events" in params and not params["enabled_events"]:
        raise errors.invalid_request("You must subscribe to at least one event.", "enabled_events")
    if "url" in params and not is_web_address(params["url"]):
        raise errors.invalid_request(f"Invalid URL: {params['url'][:200]}", "url", "url_invalid")
