"""What a price consists of, as parameters and as the object."""

from decimal import Decimal

from stripe_emulator.api import errors
from stripe_emulator.api.currencies import check_currency
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.copies import refresh_copies
from stripe_emulator.resources.fields import carry
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def check_price(params: Json) -> None:
    """Refuse parameters that contradict each other."""
    if ("product" in params) == ("product_data" in params):
        given = "only one of these" if "product" in params else "one of these"
        raise errors.invalid_request(f"You must specify {given} parameters: product, product_data.", "product")
    amounts = [name for name in ("unit_amount", "unit_amount_decimal", "custom_unit_amount") if name in params]
    if params.get("billing_scheme") == "tiered":
        if "tiers" not in params or "tiers_mode" not in params:
            raise errors.invalid_request("A tiered price needs `tiers` and `tiers_mode`.", "tiers", "parameter_missing")
    elif not amounts:
        raise errors.invalid_request(
            "You must specify one of these parameters: unit_amount, unit_amount_decimal, custom_unit_amount.",
            "unit_amount",
            "parameter_missing",
        )
    elif len(amounts) > 1:
        raise errors.invalid_request(f"You may only specify one of these parameters: {', '.join(amounts)}.", amounts[1])


def amounts(params: Json) -> Json:
    """Return the amount in both forms Stripe shows."""
    amount, decimal = params.get("unit_amount"), params.get("unit_amount_decimal")
    if (amount is not None and amount < 0) or (decimal is not None and Decimal(decimal) < 0):
        raise errors.invalid_request("Invalid non-negative integer", "unit_amount", "parameter_invalid_integer")
    if amount is None and decimal is not None and Decimal(decimal) == int(Decimal(decimal)):
        amount = int(Decimal(decimal))
    return {
        "unit_amount": amount,
        "unit_amount_decimal": decimal or (str(amount) if amount is not None else None),
    }


def tier(given: Json) -> Json:
    """Return a tier as Stripe shows it."""
    up_to = given["up_to"]
    flat = given.get("flat_amount")
    return {
        "flat_amount": flat,
        "flat_amount_decimal": given.get("flat_amount_decimal") or (str(flat) if flat is not None else None),
        "up_to": None if up_to == "inf" else up_to,
        **amounts(given),
    }


def custom_amount(given: Json | None) -> Json | None:
    """Return what a customer may choose to pay, if that is how the price works."""
    if not given or not given["enabled"]:
        return None
    return {name: given.get(name) for name in ("maximum", "minimum", "preset")}


def recurrence(given: Json) -> Json:
    """Return how often the price is charged."""
    count = given.get("interval_count", 1)
    longest = {"day": 1095, "week": 156, "month": 36, "year": 3}[given["interval"]]
    if not 1 <= count <= longest:
        raise errors.invalid_request(
            f"Invalid interval_count: a {given['interval']} interval can be repeated 1 to {longest} times.",
            "recurring[interval_count]",
        )
    _check_meter(given)
    return {
        "interval": given["interval"],
        "interval_count": count,
        "meter": None,
        "trial_period_days": given.get("trial_period_days"),
        "usage_type": "licensed",
    }


def _check_meter(given: Json) -> None:
    """Refuse usage-based prices: at Stripe they stand on billing meters, of which there are none here."""
    if given.get("meter"):
        raise errors.invalid_request(
            f"No such billing meter: '{given['meter']}'", "recurring[meter]", "resource_missing"
        )
    if given.get("usage_type") == "metered":
        raise errors.invalid_request(
            "You must provide `recurring[meter]`: metered prices are backed by billing meters.",
            "recurring[meter]",
            "parameter_missing",
        )


def build(tx: Transaction, params: Json) -> Json:
    """Store a new price of an existing product."""
    recurring = params.get("recurring")
    price: Json = {
        "id": ids.new_id("price"),
        "object": "price",
        "active": params.get("active", True),
        "billing_scheme": params.get("billing_scheme", "per_unit"),
        "created": tx.now(),
        "currency": check_currency(params["currency"]),
        "custom_unit_amount": custom_amount(params.get("custom_unit_amount")),
        "livemode": False,
        "lookup_key": claim_lookup_key(tx, params, None),
        "metadata": {},
        "nickname": None,
        "product": params["product"],
        "recurring": recurrence(recurring) if recurring else None,
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "tiers_mode": params.get("tiers_mode"),
        "transform_quantity": params.get("transform_quantity"),
        "type": "recurring" if recurring else "one_time",
        **amounts(params),
    }
    carry(price, params, ("nickname",))
    tx.insert(price)
    hidden = {name: params[name] for name in ("tiers",) if name in params}
    tx.set_hidden("price", price["id"], {**hidden, "currency_options": currency_options(price, params)})
    tx.emit("price.created", price)
    return price


def currency_options(price: Json, params: Json) -> Json:
    """Return what the price is to cost in other currencies than its own, as parameters say."""
    found: Json = {}
    for code, given in (params.get("currency_options") or {}).items():
        param = f"currency_options[{code}]"
        currency = check_currency(code, param)
        if currency == price["currency"]:
            raise errors.invalid_request(f"`{currency}` is the currency of the price itself.", param)
        found[currency] = {
            "custom_unit_amount": custom_amount(given.get("custom_unit_amount")),
            "tax_behavior": given.get("tax_behavior", "unspecified"),
            "tiers": given.get("tiers"),
            **amounts(given),
        }
    return found


def claim_lookup_key(tx: Transaction, params: Json, own_id: str | None) -> str | None:
    """Return the lookup key to use, taking it from the price that has it if a transfer is asked for."""
    key = params.get("lookup_key") or None
    holders = [one for one in tx.find("price", lookup_key=key) if one["id"] != own_id] if key else []
    for holder in holders:
        if not params.get("transfer_lookup_key"):
            raise errors.invalid_request(f"A price (`{holder['id']}`) already uses that lookup key.", "lookup_key")
        with changing(tx, "price.updated", holder):
            holder["lookup_key"] = None
        refresh_copies(tx, holder)
    return key
