"""Operations: which function answers which method and path."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


@dataclass
class Request:
    """One call of the API, authenticated, decoded and validated."""

    tx: Transaction
    method: str
    url_path: str
    path: dict[str, str]
    params: Json
    id: str
    api_version: str | None = None
    idempotency_key: str | None = None
    #: What its `Stripe-Account` header says.
    account: str | None = None

    @property
    def base_url(self) -> str:
        """The emulator's public address, for hosted links."""
        return self.tx.base_url


Handler = Callable[[Request], Json]


@dataclass(frozen=True)
class Operation:
    """A method and path of the API with the function that answers it."""

    method: str
    path: str
    handler: Handler

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's parts, parameters in braces."""
        return tuple(self.path.strip("/").split("/"))


_operations: dict[tuple[str, str], Operation] = {}


def operation(method: str, path: str) -> Callable[[Handler], Handler]:
    """Register the decorated function for a method and a path as written in the specification."""

    def register(handler: Handler) -> Handler:
        _operations[method, path] = Operation(method, path, handler)
        return handler

    return register


def operations() -> list[Operation]:
    """Import every module of `resources` and return all that they registered."""
    from stripe_emulator import resources

    for module in pkgutil.iter_modules(resources.__path__):
        importlib.import_module(f"{resources.__name__}.{module.name}")
    return list(_operations.values())


class Router:
    """Finds the operation for a path; literal segments win over parameters."""

    def __init__(self, known: list[Operation]) -> None:
        self._by_length: dict[tuple[str, int], list[Operation]] = {}
        for entry in sorted(known, key=lambda entry: [part.startswith("{") for part in entry.segments]):
            self._by_length.setdefault((entry.method, len(entry.segments)), []).append(entry)

    def match(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation and the values of its path's parameters."""
        # A slash at the end asks for an object without an id, which is no address at all.
        segments = path.removeprefix("/").split("/")
        for entry in self._by_length.get((method, len(segments)), []):
            values = _bind(entry.segments, segments)
            if values is not None:
                return entry, values
        return None


def _bind(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    values = {}
    for expected, actual in zip(pattern, segments, strict=True):
        if expected.startswith("{") and actual:
            values[expected[1:-1]] = actual
        elif expected != actual:
            return None
    return values
