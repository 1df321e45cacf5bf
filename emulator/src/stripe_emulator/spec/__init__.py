"""The Stripe API's own description, at the version the installed SDK pins."""

import json
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


def _load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_HERE / name).read_text())
    return loaded


PARAMETERS = _load("parameters.json")
OBJECTS = _load("objects.json")
API_VERSION: str = PARAMETERS["version"]
API_VERSIONS = frozenset(PARAMETERS["structs"]["WebhookEndpointCreateParams"][0]["api_version"][1])


def complete(obj: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    """Fill every required key that is missing with null, here and in the objects inside."""
    schema = OBJECTS.get(name or obj.get("object", ""), {})
    for key in schema.get("required", ()):
        obj.setdefault(key, None)
    for key, kinds in schema.get("nested", {}).items():
        if obj.get(key) is not None:
            _complete_value(obj[key], kinds)
    return obj


def expandable_kinds(obj: dict[str, Any], schema_name: str, key: str) -> list[str] | None:
    """Return the kinds of object an id in this field may stand for, or None if it cannot be expanded."""
    schema = OBJECTS.get(schema_name, {})
    if key not in schema.get("expandable", ()):
        return None
    return [kind for kind in schema["nested"].get(key, []) if not kind.startswith("deleted_")]


def schema_of(value: Any, kinds: list[str]) -> str | None:
    """Return which of the possible descriptions holds for an object inside another."""
    if value.get("object") in kinds:
        name: str | None = value["object"]
    else:
        name = kinds[0] if len(kinds) == 1 else None
    return name


def _complete_value(value: Any, kinds: list[str]) -> None:
    if isinstance(value, list):
        for one in value:
            _complete_value(one, kinds)
    elif isinstance(value, dict) and value.get("object") == "list":
        _complete_value(value["data"], kinds)
    elif isinstance(value, dict):
        name = schema_of(value, kinds)
        if name:
            complete(value, name)
