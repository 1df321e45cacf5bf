"""Parameters: typed and checked against the specification before anything is looked up."""

from typing import Any

from stripe_emulator.api import legacy
from stripe_emulator.api.types import Struct, struct_named
from stripe_emulator.documents import Json
from stripe_emulator.spec import PARAMETERS

#: Parameters of operations that are in no specification of Stripe's.
_UNDOCUMENTED: dict[str, Struct] = {}


def describe(method: str, path: str, fields: dict[str, Any], required: list[str] | None = None) -> None:
    """State the parameters of an operation that Stripe does not document."""
    _UNDOCUMENTED[f"{method} {path}"] = Struct({"expand": ["a", "s"], **fields}, required or [])


def validate(method: str, path: str, tree: Json, strict: bool) -> Json:
    """Return the parameters as typed values, or raise Stripe's error about the first that is wrong."""
    name = f"{method} {path}"
    known = PARAMETERS["operations"].get(name)
    struct = struct_named(known) if known else _UNDOCUMENTED.get(name, _NOTHING)
    old, new = ({}, tree) if strict else legacy.split(name, tree)
    return {**struct.read(new), **old}


_NOTHING = Struct({"expand": ["a", "s"]}, [])
