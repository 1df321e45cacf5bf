"""The standing sentence: its amounts and dates are what a reader looks for, so they are marked."""

import re
from calendar import month_name
from functools import lru_cache

MONTHS = "|".join(month_name[1:])
AMOUNT = r"[\N{MINUS SIGN}-]?(?:[$€£¥]|[A-Z]{3}\N{NO-BREAK SPACE})\d[\d,]*(?:\.\d+)?"
KEY = re.compile(rf"({AMOUNT}|\d{{1,2}} (?:{MONTHS})(?: \d{{4}})?)")


@lru_cache(maxsize=512)
def parts_of_sentence(sentence: str) -> tuple[tuple[str, bool], ...]:
    """Split a sentence into its parts, each with whether it is an amount or a date."""
    return tuple((part, index % 2 == 1) for index, part in enumerate(KEY.split(sentence)) if part)
