"""The types a parameter can have: each turns what a form says into a value, or says what is wrong."""

from collections.abc import Callable
from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.api.metadata import check_metadata
from stripe_emulator.api.scalars import (
    last_key,
    read_boolean,
    read_decimal,
    read_integer,
    read_number,
    read_string,
)
from stripe_emulator.spec import PARAMETERS

Reader = Callable[[Any, str], Any]

_SCALARS: dict[str, Reader] = {
    "s": read_string,
    "i": read_integer,
    "n": read_number,
    "b": read_boolean,
    "d": read_decimal,
}


def reader_of(expression: Any) -> Reader:
    """Return the reader for a type expression of the compact description."""
    if isinstance(expression, str):
        reader = _SCALARS[expression]
    else:
        kind, content = expression
        reader = _COMPOUNDS[kind](content)
    return reader


def _enum(values: list[str]) -> Reader:
    allowed = frozenset(values)
    listed = _sentence([value for value in values if value])

    def read(value: Any, param: str) -> Any:
        if not isinstance(value, str) or value not in allowed:
            raise errors.invalid_request(f"Invalid {param}: must be one of {listed}", param)
        return value

    return read


def _array(item: Any) -> Reader:
    read_item = reader_of(item)

    def read(value: Any, param: str) -> list[Any]:
        if not isinstance(value, dict) or not all(key.isascii() and key.isdigit() for key in value):
            raise errors.invalid_request("Invalid array", param)
        return [read_item(value[key], f"{param}[{key}]") for key in sorted(value, key=lambda key: int(key[:18]))]

    return read


def _map(item: Any) -> Reader:
    read_item = reader_of(item)

    def read(value: Any, param: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise errors.invalid_request("Invalid object", param)
        if last_key(param) == "metadata":
            check_metadata(value)
        # An empty metadata value removes the key, so emptiness is meaningful in every map.
        return {key: one if one == "" else read_item(one, f"{param}[{key}]") for key, one in value.items()}

    return read


def _clearable(inner: Any) -> Reader:
    read_inner = reader_of(inner)

    def read(value: Any, param: str) -> Any:
        return "" if value == "" else read_inner(value, param)

    return read


def _union(alternatives: list[Any]) -> Reader:
    readers = [reader_of(one) for one in alternatives]

    def read(value: Any, param: str) -> Any:
        first: errors.ApiError | None = None
        for read_one in readers:
            try:
                return read_one(value, param)
            except errors.ApiError as error:
                # A hash that an alternative understood in part is better explained by that alternative.
                nested = error.body.get("param") != param
                first = error if first is None or (nested and isinstance(value, dict)) else first
        assert first is not None
        raise first

    return read


def _struct(name: str) -> Reader:
    def read(value: Any, param: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise errors.invalid_request("Invalid object", param)
        return struct_named(name).read(value, param)

    return read


_COMPOUNDS: dict[str, Callable[[Any], Reader]] = {
    "e": _enum,
    "a": _array,
    "m": _map,
    "c": _clearable,
    "u": _union,
    "o": _struct,
}


class Struct:
    """A hash of named parameters, some of them required."""

    def __init__(self, fields: dict[str, Any], required: list[str]) -> None:
        self.readers = {name: reader_of(expression) for name, expression in fields.items()}
        self.required = required

    def read(self, tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
        """Return the typed values: unknown names first, then what is missing, then each value."""
        unknown = [_join(prefix, name) for name in tree if name not in self.readers]
        if unknown:
            plural = "s" if len(unknown) > 1 else ""
            raise errors.invalid_request(
                f"Received unknown parameter{plural}: {', '.join(unknown)}", unknown[0], "parameter_unknown"
            )
        for name in self.required:
            if name not in tree:
                missing = _join(prefix, name)
                raise errors.invalid_request(f"Missing required param: {missing}.", missing, "parameter_missing")
        return {name: self.readers[name](value, _join(prefix, name)) for name, value in tree.items()}


_structs: dict[str, Struct] = {}


def struct_named(name: str) -> Struct:
    """Return the structure, compiled when it is first met."""
    if name not in _structs:
        fields, required = PARAMETERS["structs"][name]
        _structs[name] = Struct(fields, required)
    return _structs[name]


def _join(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _sentence(values: list[str]) -> str:
    if len(values) < 3:
        return " or ".join(values)
    return f"{', '.join(values[:-1])}, or {values[-1]}"
