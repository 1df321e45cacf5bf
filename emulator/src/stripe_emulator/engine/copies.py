"""Objects that Stripe shows inside others: wherever they stand, they show what they are now."""

import json
from typing import Any

from stripe_emulator.engine.prices import plan_of
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def refresh_copies(tx: Transaction, obj: Json) -> None:
    """Show a changed price or tax rate in the subscriptions and sessions that hold it; no event tells of that."""
    for _, subscription in _holding(tx, "objects", "subscription", obj):
        tx.save(_with_current(subscription, obj))
    for kind in ("checkout.session", "subscription"):
        for id, hidden in _holding(tx, "hidden", kind, obj):
            tx.set_hidden(kind, id, _with_current(hidden, obj))


def _holding(tx: Transaction, table: str, kind: str, obj: Json) -> list[tuple[str, Json]]:
    rows = tx.connection.execute(
        f"SELECT id, body FROM {table} WHERE kind = ? AND instr(body, ?) > 0", (kind, f'"{obj["id"]}"')
    )
    return [(id, json.loads(body)) for id, body in rows]


def _with_current(value: Any, obj: Json) -> Any:
    if isinstance(value, list):
        return [_with_current(each, obj) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("id") == obj["id"] and value.get("object") == obj["object"]:
        return obj
    if value.get("id") == obj["id"] and value.get("object") == "plan":
        return plan_of(obj)
    return {key: _with_current(each, obj) for key, each in value.items()}
