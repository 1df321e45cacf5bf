"""Prices as parameters name them: by id, or described on the spot."""

from stripe_emulator.api import errors
from stripe_emulator.engine.money import ZERO_DECIMAL
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.transaction import Transaction


def resolve_price(tx: Transaction, given: Json, param: str) -> Json:
    """Return the price that `price`, `plan` or `price_data` of an entry names.

    An entry of the engine's own may hold the `price_object` itself: what was sold stays sold if the price is archived.
    """
    if given.get("price_object"):
        found: Json = given["price_object"]
        return found
    price_id = given.get("price") or given.get("plan")
    if price_id:
        price = tx.get("price", price_id)
        if price is None:
            field = "price" if given.get("price") else "plan"
            raise errors.invalid_request(f"No such {field}: '{price_id}'", f"{param}[{field}]", "resource_missing")
        if not price["active"]:
            raise errors.invalid_request(
                "The price specified is inactive. This field only accepts active prices.", f"{param}[price]"
            )
        _check_product(tx, price, f"{param}[price]")
    elif given.get("price_data"):
        price = _describe(tx, given["price_data"], f"{param}[price_data]")
    else:
        raise errors.invalid_request(f"Missing required param: {param}[price].", f"{param}[price]", "parameter_missing")
    return price


def plan_of(price: Json) -> Json:
    """Return the old-style plan that Stripe still shows beside a recurring price."""
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": recurring.get("meter"),
        "nickname": price["nickname"],
        "product": id_of(price["product"]),
        "tiers_mode": price["tiers_mode"],
        "transform_usage": price["transform_quantity"],
        "trial_period_days": recurring.get("trial_period_days"),
        "usage_type": recurring["usage_type"],
    }


def _check_product(tx: Transaction, price: Json, param: str) -> None:
    product = tx.get("product", id_of(price["product"]))
    if product is not None and not product["active"]:
        message = f"The price specified is for a product that is not active ({product['id']})."
        raise errors.invalid_request(message, param)


def _describe(tx: Transaction, data: Json, param: str) -> Json:
    unit_amount = data.get("unit_amount")
    decimal = str(data.get("unit_amount_decimal") or unit_amount)
    if unit_amount is None and data.get("unit_amount_decimal") is None:
        raise errors.invalid_request(
            "You must specify either `unit_amount` or `unit_amount_decimal`.", f"{param}[unit_amount]"
        )
    if (unit_amount or 0) < 0:
        raise errors.invalid_request(
            "Invalid non-negative integer", f"{param}[unit_amount]", "parameter_invalid_integer"
        )
    if len(data["currency"]) != 3 or not data["currency"].isalpha():
        raise errors.invalid_request(f"Invalid currency: {data['currency'].lower()}.", f"{param}[currency]")
    recurring = data.get("recurring")
    price: Json = {
        "id": ids.new_id("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": tx.now(),
        "currency": data["currency"].lower(),
        "livemode": False,
        "metadata": {},
        "product": _product(tx, data, param),
        "recurring": _recurring(recurring) if recurring else None,
        "tax_behavior": data.get("tax_behavior") or "unspecified",
        "type": "recurring" if recurring else "one_time",
        "unit_amount": unit_amount if unit_amount is not None else (int(decimal) if decimal.isdigit() else None),
        "unit_amount_decimal": decimal,
    }
    return tx.insert(price)


def _recurring(recurring: Json) -> Json:
    count = recurring.get("interval_count") or 1
    return {
        "interval": recurring["interval"],
        "interval_count": count,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def _product(tx: Transaction, data: Json, param: str) -> str:
    if data.get("product"):
        product = tx.get("product", data["product"])
        if product is None:
            raise errors.invalid_request(
                f"No such product: '{data['product']}'", f"{param}[product]", "resource_missing"
            )
        return str(product["id"])
    described = data.get("product_data")
    if not described:
        raise errors.invalid_request(
            "You must specify either `product` or `product_data` when creating a price.", f"{param}[product]"
        )
    now = tx.now()
    product = {
        "id": ids.new_id("product"),
        "object": "product",
        "active": True,
        "created": now,
        "description": described.get("description"),
        "images": described.get("images") or [],
        "livemode": False,
        "marketing_features": [],
        "metadata": described.get("metadata") or {},
        "name": described["name"],
        "type": "service",
        "updated": now,
    }
    return str(tx.insert(product)["id"])


def check_charge_amount(amount: int, currency: str) -> None:
    """Refuse an amount too small, or too large, for a card."""
    minimum = 50
    if amount < minimum and amount > 0:
        text = f"{minimum} {currency}" if currency in ZERO_DECIMAL else f"${minimum / 100:.2f} {currency}"
        raise errors.invalid_request(f"Amount must be at least {text}", "amount", "amount_too_small")
    if amount > 99_999_999:
        raise errors.invalid_request("Amount must be no more than $999,999.99", "amount", "amount_too_large")
