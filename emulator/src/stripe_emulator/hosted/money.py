"""Amounts and billing intervals as people read them."""

import re

from stripe_emulator.state.store import Json

ZERO_DECIMAL = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf")
)
THREE_DECIMAL = {"bhd", "jod", "kwd", "omr", "tnd"}
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


def decimals(currency: str) -> int:
    """Return how many decimals the currency's amounts are written with."""
    if currency.lower() in ZERO_DECIMAL:
        places = 0
    elif currency.lower() in THREE_DECIMAL:
        places = 3
    else:
        places = 2
    return places


def format_amount(amount: int | None, currency: str | None) -> str:
    """Write minor units as money: `$19.00`, `-€5.50`, `CHF 12.00`, `¥500`."""
    code = (currency or "usd").lower()
    places = decimals(code)
    figure = f"{abs(amount or 0) / 10**places:,.{places}f}"
    sign = "-" if (amount or 0) < 0 else ""
    return f"{sign}{SYMBOLS.get(code, code.upper() + ' ')}{figure}"


def parse_amount(text: str, currency: str) -> int | None:
    """Return the minor units of an amount somebody typed, or None if it is not one."""
    found = re.fullmatch(r"[$€£¥]?(\d{1,12})(?:\.(\d+))?", text.strip().replace(",", ""), re.ASCII)
    places = decimals(currency)
    if found is None or len(found[2] or "") > places:
        return None
    return int(found[1] + (found[2] or "").ljust(places, "0"))


def format_interval(recurring: Json | None) -> str:
    """Write how often a price is charged: `per month`, `every 3 months`, `once`."""
    if not recurring:
        return "once"
    count, interval = recurring.get("interval_count") or 1, recurring["interval"]
    return f"per {interval}" if count == 1 else f"every {count} {interval}s"


def format_price(price: Json, quantity: int = 1) -> str:
    """Write a price with its rhythm: `$29.00 per month`."""
    amount = format_amount((price.get("unit_amount") or 0) * quantity, price.get("currency"))
    return f"{amount} {format_interval(price.get('recurring'))}" if price.get("recurring") else amount
