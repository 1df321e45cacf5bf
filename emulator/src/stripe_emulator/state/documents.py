"""What a Stripe object is inside the emulator: a JSON document."""

from typing import Any

Json = dict[str, Any]

_FIRST = {"id": 0, "object": 1}


def ordered(value: Any) -> Any:
    """Return the document as Stripe writes it: `id`, `object`, then the rest by name."""
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value, key=_place)}
    if isinstance(value, list):
        return [ordered(one) for one in value]
    return value


def _place(key: str) -> tuple[int, str]:
    return (_FIRST.get(key, len(_FIRST)), key)


def id_of(value: Any) -> Any:
    """Return the id that an expandable field stands for, whether it holds the id or the object."""
    return value.get("id") if isinstance(value, dict) else value
