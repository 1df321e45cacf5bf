"""Entitlements: features, which products give them, and who has them."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects, list_of
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.engine.subscriptions.entitlements import entitlements_of, features_of
from stripe_emulator.resources.fields import carry, deleted
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json

_FEATURE = "entitlements.feature"
_ACTIVE = "entitlements.active_entitlement"


@operation("POST", "/v1/entitlements/features")
def create(request: Request) -> Json:
    """Create a feature."""
    tx, params = request.tx, request.params
    if tx.find(_FEATURE, lookup_key=params["lookup_key"]):
        raise errors.invalid_request(
            f"A feature with lookup_key '{params['lookup_key']}' already exists.", "lookup_key"
        )
    feature: Json = {
        "id": ids.new_id(_FEATURE),
        "object": _FEATURE,
        "active": True,
        "livemode": False,
        "lookup_key": params["lookup_key"],
        "metadata": {},
        "name": params["name"],
    }
    carry(feature, params, ())
    return tx.insert(feature)


@operation("GET", "/v1/entitlements/features")
def list_all(request: Request) -> Json:
    """List features."""
    params = request.params
    filters = {"lookup_key": params.get("lookup_key")}
    archived = params.get("archived")
    return list_objects(
        request, _FEATURE, filters=filters, where=lambda one: archived is None or one["active"] != archived
    )


@operation("GET", "/v1/entitlements/features/{id}")
def retrieve(request: Request) -> Json:
    """Return a feature."""
    return request.tx.require(_FEATURE, request.path["id"])


@operation("POST", "/v1/entitlements/features/{id}")
def update(request: Request) -> Json:
    """Rename a feature, or switch it off."""
    feature = request.tx.require(_FEATURE, request.path["id"])
    carry(feature, request.params, ("active", "name"))
    return request.tx.save(feature)


@operation("GET", "/v1/entitlements/active_entitlements")
def list_active(request: Request) -> Json:
    """List what a customer is entitled to."""
    customer = request.tx.require("customer", request.params["customer"], "customer")
    return list_of(request, entitlements_of(request.tx, customer["id"]))


@operation("GET", "/v1/entitlements/active_entitlements/{id}")
def retrieve_active(request: Request) -> Json:
    """Return one thing a customer is entitled to."""
    return request.tx.require(_ACTIVE, request.path["id"])


@operation("POST", "/v1/products/{product}/features")
def attach(request: Request) -> Json:
    """Have a product give a feature."""
    tx = request.tx
    product = tx.require("product", request.path["product"])
    feature = tx.require(_FEATURE, request.params["entitlement_feature"], "entitlement_feature")
    attached: Json = {
        "id": ids.new_id("product_feature"),
        "object": "product_feature",
        "entitlement_feature": feature,
        "livemode": False,
    }
    tx.insert(attached)
    tx.set_hidden("product_feature", attached["id"], {"product": product["id"]})
    return attached


@operation("GET", "/v1/products/{product}/features")
def list_attached(request: Request) -> Json:
    """List the features of a product."""
    product = request.tx.require("product", request.path["product"])
    return list_of(request, features_of(request.tx, product["id"]))


@operation("GET", "/v1/products/{product}/features/{id}")
def retrieve_attached(request: Request) -> Json:
    """Return a feature as it is attached to a product."""
    return _attached(request)


@operation("DELETE", "/v1/products/{product}/features/{id}")
def detach(request: Request) -> Json:
    """Have a product no longer give a feature."""
    attached = _attached(request)
    request.tx.delete("product_feature", attached["id"])
    return deleted("product_feature", attached["id"])


def _attached(request: Request) -> Json:
    id = request.path["id"]
    attached = request.tx.require("product_feature", id)
    if request.tx.hidden("product_feature", id).get("product") != request.path["product"]:
        raise errors.resource_missing("product_feature", id)
    return attached
