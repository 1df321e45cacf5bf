"""The standing sentence: its amounts and dates are what a reader looks for, so they are marked."""

import re
from calendar import month_name
from datetime import date
from functools import lru_cache

from app.languages import SOURCE, current_language
from app.languages.formats import date_in

MONTHS = "|".join(month_name[1:])
AMOUNT = r"[\N{MINUS SIGN}-]?(?:[$€£¥]|[A-Z]{3}\N{NO-BREAK SPACE})\d[\d,]*(?:\.\d+)?"
SIGN = r"(?:[A-Z]{0,3}[$€£¥]|[A-Z]{3})"
NUMBER = r"\d[\d.,]*"
SIGNED = (
    "[\N{MINUS SIGN}-]?(?:" + NUMBER + "\N{NO-BREAK SPACE}" + SIGN + "|" + SIGN + "\N{NO-BREAK SPACE}?" + NUMBER + ")"
)
KEY = re.compile(rf"({AMOUNT}|\d{{1,2}} (?:{MONTHS})(?: \d{{4}})?)")


def parts_of_sentence(sentence: str) -> tuple[tuple[str, bool], ...]:
    """Split a sentence into its parts, each with whether it is an amount or a date."""
    return _parts(current_language(), str(sentence))


@lru_cache(maxsize=512)
def _parts(language: str, sentence: str) -> tuple[tuple[str, bool], ...]:
    parts = _key(language).split(sentence)
    return tuple((part, index % 2 == 1) for index, part in enumerate(parts) if part)


@lru_cache(maxsize=16)
def _key(language: str) -> re.Pattern[str]:
    """What is marked: amounts with their currency on either side, and dates as the language writes them."""
    if language == SOURCE:
        return KEY
    days = (re.escape(date_in(language, date(2000, month, 1))) for month in range(1, 13))
    dates = "|".join(day.replace("2000", r"\d{4}").replace("1", r"\d{1,2}", 1) for day in days)
    return re.compile(rf"({SIGNED}|{dates})")
