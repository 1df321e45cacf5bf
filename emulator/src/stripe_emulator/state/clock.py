"""What time it is: really, on the dashboard's clock, or on a test clock."""

import time

from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.stored_objects import StoredObjects

OFFSET_SETTING = "clock_offset"


def now(tx: StoredObjects, of: Json | None = None) -> int:
    """Return the unix time that holds for `of`, an object or None."""
    test_clock = test_clock_of(tx, of) if of else None
    if test_clock is None and tx.pinned_now is not None:
        moment = tx.pinned_now
    elif test_clock is None:
        moment = int(time.time()) + int(tx.get_setting(OFFSET_SETTING, 0))
    else:
        moment = int(test_clock["frozen_time"])
    return moment


def test_clock_of(tx: StoredObjects, obj: Json) -> Json | None:
    """Return the test clock that an object or its customer is on."""
    if obj.get("object") == "test_helpers.test_clock":
        return tx.get("test_helpers.test_clock", obj["id"])
    clock_id = id_of(obj.get("test_clock"))
    if clock_id is None and obj.get("customer"):
        customer = tx.get("customer", id_of(obj["customer"]))
        clock_id = id_of(customer.get("test_clock")) if customer else None
    return tx.get("test_helpers.test_clock", clock_id) if clock_id else None


def advance(tx: StoredObjects, seconds: int) -> int:
    """Move the dashboard's clock forward and return the new time."""
    tx.set_setting(OFFSET_SETTING, int(tx.get_setting(OFFSET_SETTING, 0)) + seconds)
    return now(tx)
