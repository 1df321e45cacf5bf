"""One transaction: the stored objects, the request it serves, the time, and the events of what happens in it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from stripe_emulator.state import clock, deliveries, events
from stripe_emulator.state.documents import Json
from stripe_emulator.state.stored_objects import StoredObjects


class Transaction(StoredObjects):
    """What a handler may do to the stored objects; all of it is kept, or none."""

    livemode = False

    def __init__(self, connection: sqlite3.Connection, base_url: str, websocket_url: str) -> None:
        super().__init__(connection)
        #: The emulator's public addresses: for hosted links, and for the CLI.
        self.base_url, self.websocket_url = base_url, websocket_url
        self.request_id: str | None = None
        self.idempotency_key: str | None = None
        self.events: list[Json] = []
        self._moment: int | None = None
        self.events_for_cli: list[Json] = []

    @contextmanager
    def by_itself(self) -> Iterator[None]:
        """Let what happens in the block be nobody's request: its events name none."""
        request = self.request_id, self.idempotency_key
        self.request_id = self.idempotency_key = None
        try:
            yield
        finally:
            self.request_id, self.idempotency_key = request

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Keep nothing of what happens in the block, and tell nobody: it is tried out for a preview."""
        known = len(self.events)
        self.connection.execute("SAVEPOINT undone")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK TO undone")
            self.connection.execute("RELEASE undone")
            del self.events[known:]

    @contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """Let what is tried out in the block happen at a time to come."""
        self._moment = moment
        try:
            yield
        finally:
            self._moment = None

    def now(self, of: Json | None = None) -> int:
        """Return the time for `of`: its test clock's if it has one, else real time moved by the dashboard."""
        return clock.now(self, of) if self._moment is None else self._moment

    def emit(self, type: str, obj: Json, previous: Json | None = None) -> Json:
        """Record an event with a snapshot of `obj` and put it on its way to the webhook endpoints."""
        request: Json = {"id": self.request_id, "idempotency_key": self.idempotency_key}
        event = events.build(self, type, obj, previous, request)
        event["pending_webhooks"] = deliveries.schedule(self, event)
        self.insert(event)
        self.events.append(event)
        return event
