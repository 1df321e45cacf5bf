"""Change a stored object and tell of it in an event with `previous_attributes`."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from stripe_emulator.state.documents import Json
from stripe_emulator.state.events import changed_fields
from stripe_emulator.state.transaction import Transaction


def record_change(tx: Transaction, type: str, before: Json, after: Json) -> None:
    """Save the object and, if it differs from `before`, emit `type` with the old values."""
    previous = changed_fields(before, after)
    if previous:
        tx.save(after)
        tx.emit(type, after, previous=previous)


@contextmanager
def changing(tx: Transaction, type: str, obj: Json) -> Iterator[Json]:
    """Save what the block does to `obj` and emit `type` if that changed anything."""
    before = copy.deepcopy(obj)
    yield obj
    record_change(tx, type, before, obj)
