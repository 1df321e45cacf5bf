"""What has to happen to an object later: one row per action and object, on a test clock or in real time."""

from dataclasses import dataclass

from stripe_emulator.state.transaction import Transaction

#: Real time, moved by the dashboard's clock.
REAL = ""


@dataclass(frozen=True)
class Timer:
    """An action that is due on an object at a time."""

    action: str
    id: str
    clock: str
    at: int


def set_timer(tx: Transaction, action: str, id: str, at: int, clock: str | None = None) -> None:
    """Have `action` happen to the object at `at`, instead of when it was set for before."""
    tx.connection.execute("INSERT OR REPLACE INTO timers VALUES (?, ?, ?, ?)", (action, id, clock or REAL, at))


def clear_timer(tx: Transaction, action: str, id: str) -> None:
    """Have `action` not happen."""
    tx.connection.execute("DELETE FROM timers WHERE action = ? AND id = ?", (action, id))


def next_due(tx: Transaction, until: int, clock: str | None = None) -> Timer | None:
    """Return the earliest timer of a clock that is due by `until`."""
    row = tx.connection.execute(
        "SELECT * FROM timers WHERE clock = ? AND at <= ? ORDER BY at, action, id LIMIT 1",
        (clock or REAL, until),
    ).fetchone()
    return Timer(*row) if row else None


def next_time(tx: Transaction, clock: str | None = None) -> int | None:
    """Return when the next timer of a clock is due."""
    row = tx.connection.execute("SELECT min(at) FROM timers WHERE clock = ?", (clock or REAL,)).fetchone()
    return row[0] if row else None
