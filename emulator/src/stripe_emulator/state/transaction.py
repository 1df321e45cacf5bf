"""Reading and writing Stripe objects inside one database transaction."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stripe_emulator.api import errors
from stripe_emulator.spec import complete
from stripe_emulator.state import clock, deliveries, events
from stripe_emulator.state.documents import Json, id_of

if TYPE_CHECKING:
    from stripe_emulator.state.store import Store

INDEXED_FIELDS = (
    "customer",
    "subscription",
    "invoice",
    "payment_intent",
    "charge",
    "test_clock",
    "status",
    "lookup_key",
    "product",
    "price",
)
_COLUMNS = [f'"{field}"' for field in INDEXED_FIELDS]
_INSERT = (
    f"INSERT INTO objects (kind, id, created, body, {', '.join(_COLUMNS)}) "
    f"VALUES ({', '.join('?' * (4 + len(_COLUMNS)))})"
)
_UPDATE = f"UPDATE objects SET body = ?, {', '.join(f'{column} = ?' for column in _COLUMNS)} WHERE kind = ? AND id = ?"


class Transaction:
    """What a handler may do to the stored objects; all of it is kept, or none."""

    livemode = False

    def __init__(self, store: "Store", connection: sqlite3.Connection) -> None:
        self.store = store
        self.connection = connection
        self.request_id: str | None = None
        self.idempotency_key: str | None = None
        self.events: list[Json] = []
        #: The moment real time is taken to be while the engine catches up with what was due then.
        self.pinned_now: int | None = None
        self.events_for_cli: list[Json] = []
        self.has_deliveries = False

    @property
    def base_url(self) -> str:
        """The emulator's public address, for hosted links."""
        return self.store.base_url

    def get(self, kind: str, id: str) -> Json | None:
        """Return the object, or None."""
        row = self.connection.execute("SELECT body FROM objects WHERE kind = ? AND id = ?", (kind, id)).fetchone()
        return json.loads(row[0]) if row else None

    def require(self, kind: str, id: str, param: str | None = None) -> Json:
        """Return the object, or raise Stripe's `resource_missing`."""
        found = self.get(kind, id)
        if found is None:
            raise errors.resource_missing(kind, id, param)
        return found

    def insert(self, obj: Json) -> Json:
        """Store a new object under its own `object` and `id`."""
        complete(obj)
        kind, body = obj["object"], json.dumps(obj)
        created = obj.get("created") or self.now()
        self.connection.execute(_INSERT, (kind, obj["id"], created, body, *_indexed(obj)))
        return obj

    def save(self, obj: Json) -> Json:
        """Replace the stored object with this state of it."""
        complete(obj)
        self.connection.execute(_UPDATE, (json.dumps(obj), *_indexed(obj), obj["object"], obj["id"]))
        return obj

    def delete(self, kind: str, id: str) -> None:
        """Forget the object and what was hidden with it."""
        self.connection.execute("DELETE FROM objects WHERE kind = ? AND id = ?", (kind, id))
        self.connection.execute("DELETE FROM hidden WHERE kind = ? AND id = ?", (kind, id))

    def find(self, kind: str, **equals: Any) -> list[Json]:
        """Return the objects whose top-level fields have these values, newest first."""
        clauses = ["kind = ?", *(_condition(field, value) for field, value in equals.items())]
        values = [value for value in equals.values() if value is not None]
        rows = self.connection.execute(
            f"SELECT body FROM objects WHERE {' AND '.join(clauses)} ORDER BY seq DESC", (kind, *values)
        )
        return [json.loads(row[0]) for row in rows]

    def hidden(self, kind: str, id: str) -> Json:
        """Return what the emulator knows of an object and the API never shows."""
        row = self.connection.execute("SELECT body FROM hidden WHERE kind = ? AND id = ?", (kind, id)).fetchone()
        return json.loads(row[0]) if row else {}

    def set_hidden(self, kind: str, id: str, data: Json) -> None:
        """Replace an object's hidden data."""
        self.connection.execute(
            "INSERT OR REPLACE INTO hidden (kind, id, body) VALUES (?, ?, ?)", (kind, id, json.dumps(data))
        )

    def get_setting(self, key: str, default: Any = None) -> Any:
        """Return one of the emulator's own settings."""
        row = self.connection.execute("SELECT body FROM settings WHERE key = ?", (key,)).fetchone()
        return json.loads(row[0]) if row else default

    def set_setting(self, key: str, value: Any) -> None:
        """Keep one of the emulator's own settings."""
        self.connection.execute("INSERT OR REPLACE INTO settings (key, body) VALUES (?, ?)", (key, json.dumps(value)))

    @contextmanager
    def by_itself(self) -> Iterator[None]:
        """Let what happens in the block be nobody's request: its events name none."""
        request = self.request_id, self.idempotency_key
        self.request_id = self.idempotency_key = None
        try:
            yield
        finally:
            self.request_id, self.idempotency_key = request

    def now(self, of: Json | None = None) -> int:
        """Return the time for `of`: its test clock's if it has one, else real time moved by the dashboard."""
        return clock.now(self, of)

    def emit(self, type: str, obj: Json, previous: Json | None = None) -> Json:
        """Record an event with a snapshot of `obj` and put it on its way to the webhook endpoints."""
        event = events.build(self, type, obj, previous)
        event["pending_webhooks"] = deliveries.schedule(self, event)
        self.insert(event)
        self.events.append(event)
        return event


def _indexed(obj: Json) -> list[Any]:
    return [id_of(obj.get(field)) for field in INDEXED_FIELDS]


def _condition(field: str, value: Any) -> str:
    column = f'"{field}"' if field in INDEXED_FIELDS else f"json_extract(body, '$.{field}')"
    return f"{column} IS NULL" if value is None else f"{column} = ?"
