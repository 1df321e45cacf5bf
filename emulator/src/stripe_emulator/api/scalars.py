"""Scalar parameters: text, numbers and truth values as a form writes them."""

import re
from typing import Any

from stripe_emulator.api import errors

MAX_STRING = 5000
_INTEGER = re.compile(r"-?\d{1,18}\Z", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?\Z", re.ASCII)
# Fields of free text are unset by an empty string on every object that has them.
_FREE_TEXT = frozenset(
    (
        *("city", "country", "line1", "line2", "postal_code", "state"),
        *("description", "email", "footer", "memo", "name", "nickname", "phone"),
        *("statement_descriptor", "unit_label"),
    )
)


def read_string(value: Any, param: str) -> str:
    """Return the text; only free text may be empty."""
    if not isinstance(value, str):
        raise errors.invalid_request(f"Invalid string: {shown(value)}", param)
    if value == "" and last_key(param) not in _FREE_TEXT:
        raise errors.invalid_request(
            f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a "
            f"parameter; however '{param}' cannot be unset. You should remove '{param}' from your request or supply a "
            "non-empty value.",
            param,
            "parameter_invalid_empty",
        )
    if len(value) > MAX_STRING:
        raise errors.invalid_request(f"Invalid string: {shown(value)}; must be at most {MAX_STRING} characters", param)
    return value


def read_integer(value: Any, param: str) -> int:
    """Return the whole number."""
    if not isinstance(value, str) or not _INTEGER.match(value):
        raise errors.invalid_request(f"Invalid integer: {shown(value)}", param, "parameter_invalid_integer")
    if value.startswith("-") and last_key(param) in ("quantity", "days_until_due"):
        raise errors.invalid_request("Invalid non-negative integer", param, "parameter_invalid_integer")
    return int(value)


def read_number(value: Any, param: str) -> float:
    """Return the number."""
    if not isinstance(value, str) or not _NUMBER.match(value):
        raise errors.invalid_request(f"Invalid decimal: {shown(value)}", param)
    return float(value)


def read_decimal(value: Any, param: str) -> str:
    """Return the decimal as the text it came as."""
    if not isinstance(value, str) or not _NUMBER.match(value):
        raise errors.invalid_request(f"Invalid decimal: {shown(value)}", param)
    return value


def read_boolean(value: Any, param: str) -> bool:
    """Return the truth value; Stripe knows `true` and `false`."""
    if value not in ("true", "false"):
        raise errors.invalid_request(f"Invalid boolean: {shown(value)}", param)
    return bool(value == "true")


def last_key(param: str) -> str:
    """Return the innermost name: `city` of `address[city]`."""
    return param.rstrip("]").rpartition("[")[2]


def shown(value: Any) -> str:
    """Return a value as an error message may repeat it."""
    text = value if isinstance(value, str) else "{...}"
    return text[:100]
