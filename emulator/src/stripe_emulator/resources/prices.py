"""Prices."""

from stripe_emulator.api import errors
from stripe_emulator.api.expand import includable
from stripe_emulator.api.pagination import list_objects
from stripe_emulator.api.registry import Request, operation
from stripe_emulator.api.search import search_objects
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.copies import refresh_copies
from stripe_emulator.engine.currencies import options_of
from stripe_emulator.resources.fields import carry
from stripe_emulator.resources.price_parts import build, check_price, claim_lookup_key, tier
from stripe_emulator.resources.price_parts import currency_options as currency_options_of
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

_MAX_LOOKUP_KEYS = 10
_SEARCHABLE = ("active", "currency", "lookup_key", "metadata", "product", "type")


@operation("POST", "/v1/prices")
def create(request: Request) -> Json:
    """Create a price of a product, which can be made along with it."""
    from stripe_emulator.resources import products

    tx, params = request.tx, request.params
    check_price(params)
    if "product_data" in params:
        product = products.build(tx, params["product_data"])
    else:
        product = tx.require("product", params["product"], "product")
    return build(tx, {**params, "product": product["id"]})


@operation("GET", "/v1/prices")
def list_all(request: Request) -> Json:
    """List prices, those of some lookup keys or of a product if asked."""
    params = request.params
    if len(params.get("lookup_keys", ())) > _MAX_LOOKUP_KEYS:
        raise errors.invalid_request(f"You may pass at most {_MAX_LOOKUP_KEYS} lookup keys.", "lookup_keys")
    filters = {name: params.get(name) for name in ("active", "currency", "product", "type")}
    return list_objects(request, "price", filters=filters, where=lambda price: _is_wanted(price, params))


@operation("GET", "/v1/prices/search")
def search(request: Request) -> Json:
    """Search prices."""
    return search_objects(request, "price", _SEARCHABLE)


@operation("GET", "/v1/prices/{price}")
def retrieve(request: Request) -> Json:
    """Return a price."""
    return request.tx.require("price", request.path["price"])


@operation("POST", "/v1/prices/{price}")
def update(request: Request) -> Json:
    """Change what can change of a price; its amount cannot."""
    tx, params = request.tx, request.params
    price = tx.require("price", request.path["price"])
    if params.get("active") is False and tx.find("product", default_price=price["id"]):
        raise errors.invalid_request(
            "This price cannot be archived because it is the default price of its product.", "active"
        )
    lookup_key = claim_lookup_key(tx, params, price["id"])
    if "currency_options" in params:
        options = currency_options_of(price, params)
        kept = {} if params["currency_options"] == "" else options_of(tx, price)
        tx.set_hidden("price", price["id"], {**tx.hidden("price", price["id"]), "currency_options": kept | options})
    with changing(tx, "price.updated", price):
        carry(price, params, ("active", "nickname", "tax_behavior"))
        if "lookup_key" in params:
            price["lookup_key"] = lookup_key
    refresh_copies(tx, price)
    return price


@includable("price", "tiers")
def tiers(tx: Transaction, price: Json) -> list[Json] | None:
    """Show a tiered price's tiers."""
    known = tx.hidden("price", price["id"]).get("tiers")
    return [tier(one) for one in known] if known else None


@includable("price", "currency_options")
def currency_options(tx: Transaction, price: Json) -> Json:
    """Show the price in each of its currencies."""
    shown = ("custom_unit_amount", "tax_behavior", "unit_amount", "unit_amount_decimal")
    own = {price["currency"]: {name: price[name] for name in shown}}
    others = options_of(tx, price)
    return own | {currency: {name: one[name] for name in shown} for currency, one in others.items()}


def _is_wanted(price: Json, params: Json) -> bool:
    keys, recurring = params.get("lookup_keys"), params.get("recurring", {})
    fits = all((price["recurring"] or {}).get(name) == value for name, value in recurring.items())
    return fits and (keys is None or price["lookup_key"] in keys)
