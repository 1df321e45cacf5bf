"""Stored objects: reading and writing them, and what is kept beside them, in one database transaction."""

import json
import sqlite3
from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.spec import complete
from stripe_emulator.state.documents import Json, id_of

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


class StoredObjects:
    """Stripe's objects as JSON documents, what the API hides of them, and the emulator's own settings.

    What happens when something happens (its time, its event, its deliveries) is the transaction's business.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        #: The moment real time is taken to be while the engine catches up with what was due then.
        self.pinned_now: int | None = None
        self.has_deliveries = False

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
        created = obj.get("created") or 0
        self.connection.execute(_INSERT, (obj["object"], obj["id"], created, json.dumps(obj), *_indexed(obj)))
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

    def find_since(self, kind: str, id: str | None) -> list[Json]:
        """Return the objects of a kind that are younger than the one with this id, oldest first; None means all."""
        rows = self.connection.execute(
            "SELECT body FROM objects WHERE kind = ? AND seq > "
            "coalesce((SELECT seq FROM objects WHERE kind = ? AND id = ?), 0) ORDER BY seq",
            (kind, kind, id),
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

    def forget_setting(self, key: str) -> None:
        """Let a setting be what it is by itself."""
        self.connection.execute("DELETE FROM settings WHERE key = ?", (key,))


def _indexed(obj: Json) -> list[Any]:
    return [id_of(obj.get(field)) for field in INDEXED_FIELDS]


def _condition(field: str, value: Any) -> str:
    column = f'"{field}"' if field in INDEXED_FIELDS else f"json_extract(body, '$.{field}')"
    return f"{column} IS NULL" if value is None else f"{column} = ?"
