"""Calling the emulator's own API from its pages: one behaviour, whichever door is used."""

from functools import cache

from stripe_emulator.api.registry import Request, Router, operations
from stripe_emulator.state.store import Json, Transaction


@cache
def _router() -> Router:
    return Router(operations())


def call(tx: Transaction, method: str, path: str, params: Json | None = None) -> Json:
    """Carry out one operation of `/v1` inside this transaction and return the object it answers with."""
    found = _router().match(method, path)
    if found is None:
        raise LookupError(f"The emulator has no {method} {path}")
    operation, values = found
    return operation.handler(Request(tx, method, path, values, params or {}, id=""))
