"""What the dashboard reads straight from the tables: pages, searches, the events of an object."""

import json

from stripe_emulator.state.deliveries import Delivery
from stripe_emulator.state.store import Json, Transaction

FOUND = 50
LARGEST_ROW = 2**63 - 1


def newest(tx: Transaction, kind: str, limit: int, offset: int = 0) -> list[Json]:
    """Return one page of a kind's objects, newest first."""
    rows = tx.connection.execute(
        "SELECT body FROM objects WHERE kind = ? ORDER BY seq DESC LIMIT ? OFFSET ?", (kind, limit, offset)
    )
    return [json.loads(row[0]) for row in rows]


def count(tx: Transaction, kind: str) -> int:
    """Return how many objects of a kind there are."""
    return int(tx.connection.execute("SELECT count(*) FROM objects WHERE kind = ?", (kind,)).fetchone()[0])


def events_about(tx: Transaction, id: str) -> list[Json]:
    """Return the newest events that carry this object."""
    rows = tx.connection.execute(
        "SELECT body FROM objects WHERE kind = 'event' AND json_extract(body, '$.data.object.id') = ? "
        "ORDER BY seq DESC LIMIT ?",
        (id, FOUND),
    )
    return [json.loads(row[0]) for row in rows]


def naming(tx: Transaction, id: str, limit: int) -> list[Json]:
    """Return the newest objects that carry this id somewhere, events apart."""
    rows = tx.connection.execute(
        "SELECT body FROM objects WHERE kind != 'event' AND id != ? AND instr(body, ?) ORDER BY seq DESC LIMIT ?",
        (id, f'"{id}"', limit),
    )
    return [json.loads(row[0]) for row in rows]


def search(tx: Transaction, words: str) -> list[Json]:
    """Return objects whose id, email, name, number or lookup key contains the words."""
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = f"%{escaped}%"
    fields = ("email", "name", "number", "lookup_key", "customer_email")
    clauses = " OR ".join(f"json_extract(body, '$.{field}') LIKE ? ESCAPE '\\'" for field in fields)
    rows = tx.connection.execute(
        f"SELECT body FROM objects WHERE kind != 'event' AND (id = ? OR {clauses}) ORDER BY seq DESC LIMIT ?",
        (words, *[pattern] * len(fields), FOUND),
    )
    return [json.loads(row[0]) for row in rows]


def delivery_by_number(tx: Transaction, number: int) -> Delivery | None:
    """Return one delivery."""
    if number > LARGEST_ROW:
        return None
    row = tx.connection.execute(
        "SELECT seq, event, endpoint, type, status, attempts, due, created FROM deliveries WHERE seq = ?",
        (number,),
    ).fetchone()
    return Delivery(*row) if row else None
