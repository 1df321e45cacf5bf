"""Numbers, money and dates as each language writes them: English in the site's manner, others as Unicode's CLDR says.

Babel is imported when another language is first written: a site in English alone never loads it.
"""

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from app.languages import SOURCE

if TYPE_CHECKING:
    from babel import Locale

MINUS = "\N{MINUS SIGN}"
SHORT_FRACTION = re.compile(r"\.\d{1,2}\s*$")
DECIMALS = re.compile(r"\.0+")


@lru_cache(maxsize=4096)
def money_in(language: str, amount_minor: int, currency: str, digits: int, exact: bool) -> str:
    """Write an amount in minor units of a currency with so many `digits`, with decimals where it needs them."""
    from babel.numbers import format_currency

    locale, shown = _locale(language), digits if exact or amount_minor % 10**digits else 0
    pattern = DECIMALS.sub("." + "0" * shown if shown else "", locale.currency_formats["standard"].pattern)
    amount = Decimal(abs(amount_minor)).scaleb(-digits)
    written = format_currency(amount, currency.upper(), pattern, locale=locale, currency_digits=False)
    return f"{MINUS if amount_minor < 0 else ''}{written}"


@lru_cache(maxsize=1024)
def number_in(language: str, number: int) -> str:
    """Write a whole number: 1,000 or 1.000."""
    if language == SOURCE:
        return f"{number:,}"
    else:
        from babel.numbers import format_decimal

        return format_decimal(number, locale=_locale(language))


def number_typed(language: str, text: str) -> str:
    """A number as somebody of this language typed it, with a point for decimals and nothing between thousands."""
    if not _has_comma(language):
        return text.replace(",", "")
    elif "," in text:
        return text.replace(".", "").replace(",", ".")
    else:
        # Nobody parts one or two digits off as thousands: 9.50 was typed by the habit of another keyboard.
        return text if SHORT_FRACTION.search(text) else text.replace(".", "")


def typed_number(language: str, number: str) -> str:
    """The way back: 9.50 as its writer would type it."""
    return number.replace(".", ",") if _has_comma(language) else number


@lru_cache(maxsize=64)
def _has_comma(language: str) -> bool:
    """Whether decimals stand behind a comma."""
    if language == SOURCE:
        return False
    from babel.numbers import get_decimal_symbol

    return get_decimal_symbol(_locale(language)) == ","


@lru_cache(maxsize=64)
def currency_name_in(language: str, currency: str) -> str:
    """Write a currency in words."""
    from babel.numbers import get_currency_name

    return get_currency_name(currency.upper(), locale=_locale(language))


@lru_cache(maxsize=4096)
def date_in(language: str, day: dt.date) -> str:
    """Write a date in full: 20 December 2026, 20. Dezember 2026."""
    if language == SOURCE:
        return f"{day.day} {day:%B %Y}"
    else:
        from babel.dates import format_date

        return format_date(day, "long", locale=_locale(language))


@lru_cache(maxsize=4096)
def short_date_in(language: str, day: dt.date, has_year: bool) -> str:
    """Write a date for a column: 20 Dec 2026, 20. Dez. 2026; without its year where that goes without saying."""
    if language == SOURCE:
        return f"{day.day} {day:%b %Y}" if has_year else f"{day.day} {day:%b}"
    else:
        from babel.dates import format_skeleton

        return format_skeleton("yMMMd" if has_year else "MMMd", day, locale=_locale(language))


@lru_cache(maxsize=256)
def month_in(language: str, month: dt.date, form: Literal["short", "full"] = "short") -> str:
    """Write a month by its name, `short` as a chart does: Nov."""
    if language == SOURCE:
        return f"{month:%b}" if form == "short" else f"{month:%B}"
    else:
        from babel.dates import format_date

        return format_date(month, "LLL" if form == "short" else "LLLL", locale=_locale(language))


def _locale(language: str) -> "Locale":
    from babel import Locale

    return Locale.parse(language, sep="-")
