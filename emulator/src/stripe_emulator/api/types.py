"""The types a parameter can have: each turns what a form says into a value, or says what is wrong."""

from collections.abc import Callable, Mapping
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
Fields = Mapping[str, Any]

_SCALARS: dict[str, Reader] = {
    "s": read_string,
    "i": read_integer,
    "n": read_number,
    "b": read_boolean,
    "d": read_decimal,
}


class Struct:
    """A hash of named parameters, some of them required."""

    def __init__(self, readers: dict[str, Reader], required: list[str]) -> None:
        self._readers = readers
        self._required = required

    def read(self, tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
        """Return the typed values: unknown names first, then what is missing, then each value."""
        unknown = [_join(prefix, name) for name in tree if name not in self._readers]
        if unknown:
            plural = "s" if len(unknown) > 1 else ""
            raise errors.invalid_request(
                f"Received unknown parameter{plural}: {', '.join(unknown)}", unknown[0], "parameter_unknown"
            )
        for name in self._required:
            if name not in tree:
                missing = _join(prefix, name)
                raise errors.invalid_request(f"Missing required param: {missing}.", missing, "parameter_missing")
        return {name: self._readers[name](value, _join(prefix, name)) for name, value in tree.items()}


class Types:
    """Compiles the type expressions of the compact description, with some fields added to its structures."""

    def __init__(self, added: Mapping[str, Fields]) -> None:
        self._added = added
        self._structs: dict[str, Struct] = {}
        self._compounds: dict[str, Callable[[Any], Reader]] = {
            "e": _enum,
            "a": self._array,
            "m": self._map,
            "c": self._clearable,
            "u": self._union,
            "o": self._nested,
        }

    def struct(self, name: str) -> Struct:
        """Return a structure of the description, compiled when it is first met."""
        if name not in self._structs:
            fields, required = PARAMETERS["structs"][name]
            self._structs[name] = self.compile({**fields, **self._added.get(name, {})}, required)
        return self._structs[name]

    def compile(self, fields: Fields, required: list[str]) -> Struct:
        """Return the structure with these fields."""
        return Struct({name: self._reader(expression) for name, expression in fields.items()}, required)

    def _reader(self, expression: Any) -> Reader:
        if isinstance(expression, str):
            return _SCALARS[expression]
        kind, content = expression
        return self._compounds[kind](content)

    def _array(self, item: Any) -> Reader:
        read_item = self._reader(item)

        def read(value: Any, param: str) -> list[Any]:
            if not isinstance(value, dict) or not all(key.isascii() and key.isdigit() for key in value):
                raise errors.invalid_request("Invalid array", param)
            ordered = sorted(value, key=lambda key: int(key[:18]))
            return [read_item(value[key], f"{param}[{key}]") for key in ordered]

        return read

    def _map(self, item: Any) -> Reader:
        read_item = self._reader(item)

        def read(value: Any, param: str) -> dict[str, Any]:
            if not isinstance(value, dict):
                raise errors.invalid_request("Invalid object", param)
            if last_key(param) == "metadata":
                check_metadata(value)
            # An empty metadata value removes the key, so emptiness is meaningful in every map.
            return {key: one if one == "" else read_item(one, f"{param}[{key}]") for key, one in value.items()}

        return read

    def _clearable(self, inner: Any) -> Reader:
        read_inner = self._reader(inner)
        return lambda value, param: "" if value == "" else read_inner(value, param)

    def _union(self, alternatives: list[Any]) -> Reader:
        readers = [self._reader(one) for one in alternatives]

        def read(value: Any, param: str) -> Any:
            problems = []
            for read_one in readers:
                try:
                    return read_one(value, param)
                except errors.ApiError as error:
                    problems.append(error)
            # A hash that an alternative understood in part is best explained by that alternative.
            raise next((one for one in problems if one.body.get("param") != param), problems[0])

        return read

    def _nested(self, name: str) -> Reader:
        def read(value: Any, param: str) -> dict[str, Any]:
            if not isinstance(value, dict):
                raise errors.invalid_request("Invalid object", param)
            return self.struct(name).read(value, param)

        return read


def _enum(values: list[str]) -> Reader:
    allowed = frozenset(values)
    listed = _sentence([value for value in values if value])

    def read(value: Any, param: str) -> Any:
        if not isinstance(value, str) or value not in allowed:
            raise errors.invalid_request(f"Invalid {param}: must be one of {listed}", param)
        return value

    return read


def _join(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _sentence(values: list[str]) -> str:
    if len(values) < 3:
        return " or ".join(values)
    return f"{', '.join(values[:-1])}, or {values[-1]}"
