"""`expand[]`: ids become objects, and fields that are left out by default are filled in."""

from collections.abc import Callable
from typing import Any

from stripe_emulator import spec
from stripe_emulator.api import errors
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

MAX_LEVELS = 4

Filler = Callable[[Transaction, Json], Any]
_fillers: dict[tuple[str, str], Filler] = {}


def includable(kind: str, field: str) -> Callable[[Filler], Filler]:
    """Register the function that computes a field which an object has only when it is expanded."""

    def register(filler: Filler) -> Filler:
        _fillers[kind, field] = filler
        return filler

    return register


def expand(tx: Transaction, obj: Json, paths: list[str]) -> Json:
    """Return the object with every path expanded, in place."""
    for path in paths:
        keys = path.split(".")
        if len(keys) > MAX_LEVELS:
            raise errors.invalid_request(
                f"You cannot expand more than {MAX_LEVELS} levels of a property. Property: {path}", "expand"
            )
        _expand_in(tx, obj, obj.get("object", ""), keys, path)
    return obj


def _expand_in(tx: Transaction, obj: Json, schema: str, keys: list[str], path: str) -> None:
    key, rest = keys[0], keys[1:]
    if schema == "search_result" and key == "total_count":
        return  # The search has counted already.
    if schema in ("list", "search_result"):
        if key != "data":
            raise _not_expandable(path)
        for one in obj["data"]:
            if rest and isinstance(one, dict):
                _expand_in(tx, one, one.get("object", ""), rest, path)
    else:
        kinds = _kinds(schema, key, rest, path)
        obj[key] = _expanded(tx, obj, schema, key)
        _continue(tx, obj[key], kinds, rest, path)


def _kinds(schema: str, key: str, rest: list[str], path: str) -> list[str]:
    description = spec.OBJECTS.get(schema, {})
    kinds: list[str] = description.get("nested", {}).get(key, [])
    if not kinds and (schema, key) not in _fillers:
        raise _not_expandable(path)
    if rest and kinds and not _leads_on(kinds, rest):
        raise _not_expandable(path)
    return kinds


def _leads_on(kinds: list[str], keys: list[str]) -> bool:
    """Whether a path makes sense for one of these objects, even if there is none to be seen now."""
    keys = keys[1:] if keys[0] == "data" else keys
    if not keys:
        return True
    for kind in kinds:
        nested = spec.OBJECTS.get(kind, {}).get("nested", {}).get(keys[0], [])
        known = bool(nested) or (kind, keys[0]) in _fillers
        if known and (len(keys) == 1 or _leads_on(nested, keys[1:])):
            return True
    return False


def _expanded(tx: Transaction, obj: Json, schema: str, key: str) -> Any:
    value = obj.get(key)
    kinds = spec.expandable_kinds(obj, schema, key)
    if value is None and (schema, key) in _fillers:
        value = _fillers[schema, key](tx, obj)
    elif kinds is not None and isinstance(value, list):
        value = [_fetched(tx, one, kinds) for one in value]
    elif kinds is not None:
        value = _fetched(tx, value, kinds)
    return value


def _fetched(tx: Transaction, value: Any, kinds: list[str]) -> Any:
    if not isinstance(value, str):
        return value
    for kind in kinds:
        found = tx.get(kind, value)
        if found:
            return found
    return {"id": value, "object": kinds[0], "deleted": True} if kinds else value


def _continue(tx: Transaction, value: Any, kinds: list[str], keys: list[str], path: str) -> None:
    if not keys or value is None:
        return
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict) and not one.get("deleted"):
            schema = "list" if one.get("object") == "list" else spec.schema_of(one, kinds)
            _expand_in(tx, one, schema or "", keys, path)


def _not_expandable(path: str) -> errors.InvalidRequest:
    return errors.invalid_request(f"This property cannot be expanded ({path}).", "expand")
