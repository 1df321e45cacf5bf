"""Events: what happened to an object, with the object as it was then."""

import copy
from typing import Any

from stripe_emulator.spec import API_VERSION, complete
from stripe_emulator.state import chaos, clock, ids
from stripe_emulator.state.documents import Json, ordered
from stripe_emulator.state.stored_objects import StoredObjects


def build(tx: StoredObjects, type: str, obj: Json, previous: Json | None, request: Json) -> Json:
    """Return the event of `type` with a snapshot of `obj`."""
    data: Json = {"object": ordered(complete(copy.deepcopy(obj)))}
    if previous is not None:
        data["previous_attributes"] = previous
    return {
        "id": ids.new_id("event"),
        "object": "event",
        "api_version": API_VERSION,
        "created": chaos.current(tx).second_of(clock.now(tx, obj)),
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": request,
        "type": type,
    }


def changed_fields(before: Json, after: Json) -> Json:
    """Return `previous_attributes`: the old values of what changed, nested objects cut to their changes."""
    return {
        key: _old_value(before.get(key), after.get(key))
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    }


def _old_value(before: Any, after: Any) -> Any:
    if isinstance(before, dict) and isinstance(after, dict) and before.get("object") != "list":
        value: Any = changed_fields(before, after)
    else:
        value = before
    return value
