"""Carrying parameters over into objects."""

from collections.abc import Iterable

from stripe_emulator.api.metadata import merged
from stripe_emulator.state.documents import Json

ADDRESS_FIELDS = ("city", "country", "line1", "line2", "postal_code", "state")


def carry(obj: Json, params: Json, names: Iterable[str]) -> None:
    """Set what was given of these fields; an empty value unsets."""
    for name in names:
        if name in params:
            obj[name] = None if params[name] == "" else params[name]
    if "metadata" in params:
        obj["metadata"] = merged(obj.get("metadata"), params["metadata"])


def address(given: Json | str | None, current: Json | None = None) -> Json | None:
    """Return a whole address, or None if it is unset."""
    if not given or not isinstance(given, dict):
        return None
    merged_fields = {**dict.fromkeys(ADDRESS_FIELDS), **(current or {}), **given}
    return {name: value or None for name, value in merged_fields.items()}


def deleted(kind: str, id: str) -> Json:
    """Return what Stripe answers for a deleted object."""
    return {"id": id, "object": kind, "deleted": True}
