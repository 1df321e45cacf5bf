"""Products and the features they give."""

from stripe_emulator.api import errors
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.api.search import search_objects
from stripe_emulator.engine.changes import changing
from stripe_emulator.resources import price_parts
from stripe_emulator.resources.fields import carry, deleted
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

_TEXT = ("description", "name", "statement_descriptor", "tax_code", "unit_label", "url")
_PLAIN = (*_TEXT, "active", "package_dimensions", "shippable")


def build(tx: Transaction, params: Json) -> Json:
    """Store a new product."""
    id = params.get("id") or ids.new_id("product")
    if tx.get("product", id):
        raise errors.invalid_request("Product already exists.", "id", "resource_already_exists")
    now = tx.now()
    product: Json = {
        "id": id,
        "object": "product",
        "active": True,
        "created": now,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "tax_details": None,
        "type": params.get("type", "service"),
        "unit_label": None,
        "updated": now,
        "url": None,
    }
    _carry(product, params)
    tx.insert(product)
    tx.emit("product.created", product)
    return product


@operation("POST", "/v1/products")
def create(request: Request) -> Json:
    """Create a product, with its default price if given."""
    tx, params = request.tx, request.params
    product = build(tx, params)
    if "default_price_data" in params:
        price = price_parts.build(tx, {**params["default_price_data"], "product": product["id"]})
        with changing(tx, "product.updated", product):
            product["default_price"] = price["id"]
    return product


@operation("GET", "/v1/products")
def list_all(request: Request) -> Json:
    """List products."""
    params = request.params
    filters = {name: params.get(name) for name in ("active", "shippable", "type", "url")}
    wanted = params.get("ids")
    where = (lambda product: product["id"] in wanted) if wanted else None
    return list_objects(request, "product", filters=filters, where=where)


@operation("GET", "/v1/products/search")
def search(request: Request) -> Json:
    """Search products."""
    return search_objects(request, "product", ("active", "description", "metadata", "name", "shippable", "url"))


@operation("GET", "/v1/products/{id}")
def retrieve(request: Request) -> Json:
    """Return a product."""
    return request.tx.require("product", request.path["id"])


@operation("POST", "/v1/products/{id}")
def update(request: Request) -> Json:
    """Change a product."""
    tx, params = request.tx, request.params
    product = tx.require("product", request.path["id"])
    if params.get("default_price"):
        price = tx.require("price", params["default_price"], "default_price")
        if price["product"] != product["id"]:
            raise errors.invalid_request("The default price must belong to the product.", "default_price")
    with changing(tx, "product.updated", product):
        _carry(product, params)
        carry(product, params, ("default_price",))
        product["updated"] = tx.now()
    return product


@operation("DELETE", "/v1/products/{id}")
def delete(request: Request) -> Json:
    """Delete a product that has no prices."""
    product = request.tx.require("product", request.path["id"])
    if request.tx.find("price", product=product["id"]):
        raise errors.invalid_request("This product cannot be deleted because it has one or more user-created prices.")
    request.tx.delete("product", product["id"])
    request.tx.emit("product.deleted", product)
    return deleted("product", product["id"])


def _carry(product: Json, params: Json) -> None:
    carry(product, params, _PLAIN)
    for name in ("images", "marketing_features"):
        if name in params:
            product[name] = params[name] or []
    if "tax_details" in params:
        given = params["tax_details"]
        product["tax_details"] = {"performance_location": None, "tax_code": None, **given} if given else None
