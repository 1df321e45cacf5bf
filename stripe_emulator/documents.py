"""What a Stripe object is inside the emulator: a JSON document."""

from typing import Any

Json = dict[str, Any]


def id_of(value: Any) -> Any:
    """Return the id that an expandable field stands for, whether it holds the id or the object."""
    return value.get("id") if isinstance(value, dict) else value
