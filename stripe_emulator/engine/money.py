"""Amounts: whole minor units, rounded as Stripe rounds, written as a person reads them."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from stripe_emulator.documents import Json

ZERO_DECIMAL = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"}
)
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


def round_half_up(value: Fraction | Decimal) -> int:
    """Return the nearest whole minor unit, halves away from zero."""
    exact = Decimal(value.numerator) / Decimal(value.denominator) if isinstance(value, Fraction) else value
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def price_amount(price: Json, quantity: int) -> int:
    """Return what this many of a price cost."""
    if price.get("billing_scheme") == "tiered":
        amount = _tiered(price, quantity)
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


def _tiered(price: Json, quantity: int) -> int:
    total, counted = Decimal(0), 0
    for tier in price.get("tiers") or []:
        upper = tier["up_to"] if tier["up_to"] is not None else quantity
        unit = Decimal(str(tier.get("unit_amount_decimal") or tier.get("unit_amount") or 0))
        flat = Decimal(str(tier.get("flat_amount_decimal") or tier.get("flat_amount") or 0))
        if price.get("tiers_mode") == "volume":
            if quantity <= upper:
                return round_half_up(unit * quantity + flat)
        elif quantity > counted:
            total += unit * (min(quantity, upper) - counted) + flat
            counted = upper
    return round_half_up(total)


def format_amount(amount: int, currency: str) -> str:
    """Return the amount as text, such as `$29.00`, `¥500` or `29.00 CHF`."""
    digits = f"{abs(amount):,}" if currency in ZERO_DECIMAL else f"{abs(amount) / 100:,.2f}"
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{digits} {currency.upper()}"
