"""Amounts: whole minor units, rounded as Stripe rounds, written as a person reads them."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

ZERO_DECIMAL = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"}
)
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


def round_half_up(value: Fraction | Decimal) -> int:
    """Return the nearest whole minor unit, halves away from zero."""
    exact = Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else value
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def price_amount(tx: Transaction, price: Json, quantity: int) -> int:
    """Return what this many of a price cost; tiers are not shown on the price, so they are looked up."""
    if price.get("billing_scheme") == "tiered":
        known = tx.hidden("price", price["id"])
        option = (known.get("currency_options") or {}).get(price["currency"])
        tiers = (option or known).get("tiers") or []
        amount = _tiered(tiers, price["tiers_mode"], quantity)
    else:
        unit = Decimal(str(price.get("unit_amount_decimal") or price.get("unit_amount") or 0))
        amount = round_half_up(unit * _packages(price, quantity))
    return amount


def _packages(price: Json, quantity: int) -> int:
    transform = price.get("transform_quantity")
    if not transform:
        packages = quantity
    elif transform["round"] == "up":
        packages = -(-quantity // transform["divide_by"])
    else:
        packages = quantity // transform["divide_by"]
    return packages


def _tiered(tiers: list[Json], mode: str, quantity: int) -> int:
    total, counted = Decimal(0), 0
    for tier in tiers:
        upper = quantity if tier.get("up_to") in (None, "inf") else int(tier["up_to"])
        reached = min(quantity, upper) - counted
        if mode == "volume" and quantity <= upper:
            return round_half_up(_tier_price(tier, quantity))
        if mode != "volume" and reached > 0:
            total += _tier_price(tier, reached)
            counted = upper
    return round_half_up(total)


def _tier_price(tier: Json, quantity: int) -> Decimal:
    unit = Decimal(str(tier.get("unit_amount_decimal") or tier.get("unit_amount") or 0))
    flat = Decimal(str(tier.get("flat_amount_decimal") or tier.get("flat_amount") or 0))
    return unit * quantity + flat


def format_amount(amount: int, currency: str) -> str:
    """Return the amount as text, such as `$29.00`, `¥500`, `29.00 CHF` or `9.000 KWD`."""
    places = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    digits = f"{Decimal(abs(amount)).scaleb(-places):,.{places}f}"
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{digits} {currency.upper()}"
