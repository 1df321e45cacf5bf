"""The emulator's state: every Stripe object as a JSON document in one SQLite file."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from stripe_emulator.api.errors import ApiError
from stripe_emulator.state.documents import Json
from stripe_emulator.state.stored_objects import INDEXED_FIELDS
from stripe_emulator.state.transaction import Transaction

__all__ = ["Json", "Store", "Transaction"]

Result = TypeVar("Result")

_INDEXED_COLUMNS = ", ".join(f'"{field}"' for field in INDEXED_FIELDS)
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    created INTEGER NOT NULL,
    body TEXT NOT NULL,
    {_INDEXED_COLUMNS},
    UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE TABLE IF NOT EXISTS hidden (
    kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
    request_id TEXT NOT NULL, body TEXT NOT NULL, created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS timers (
    action TEXT NOT NULL, id TEXT NOT NULL, clock TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (action, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS timers_due ON timers (clock, at, action, id);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    event TEXT NOT NULL, endpoint TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due REAL, created INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event);
CREATE TABLE IF NOT EXISTS attempts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER NOT NULL REFERENCES deliveries (seq), at REAL NOT NULL, duration REAL NOT NULL,
    url TEXT NOT NULL, request_headers TEXT NOT NULL, request_body TEXT NOT NULL,
    status INTEGER, response_headers TEXT NOT NULL, response_body TEXT NOT NULL, error TEXT
);
CREATE INDEX IF NOT EXISTS attempts_by_delivery ON attempts (delivery);
""" + "\n".join(
    f'CREATE INDEX IF NOT EXISTS objects_by_{field} ON objects (kind, "{field}") WHERE "{field}" IS NOT NULL;'
    for field in INDEXED_FIELDS
)

BUSY_TIMEOUT_SECONDS = 30


class Store:
    """One SQLite database, read by many threads and written by one at a time."""

    def __init__(self, path: str | Path, *, is_lasting: bool = True) -> None:
        self.path = Path(path)
        self._is_lasting = is_lasting
        self.base_url = "http://127.0.0.1:12111"
        self.websocket_url = ""
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._listeners: list[Callable[[Transaction], None]] = []
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Customers' addresses may be in it: nobody else on this machine is to read them.
        self.path.touch(mode=0o600)
        self.path.chmod(0o600)
        connection = self._acquire()
        connection.executescript(SCHEMA)
        self._release(connection)

    def on_commit(self, listener: Callable[[Transaction], None]) -> None:
        """Call `listener` with each write transaction once it is on disk."""
        self._listeners.append(listener)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """See one consistent state of the database."""
        connection = self._acquire()
        try:
            connection.execute("BEGIN")
            yield self._transaction(connection)
        finally:
            connection.rollback()
            self._release(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Keep everything the block did, on disk, or nothing of it."""
        # SQLite's own busy handler polls with growing sleeps; queueing here first is fair and fast.
        with self._write_lock:
            connection = self._acquire()
            try:
                connection.execute("BEGIN IMMEDIATE")
                transaction = self._transaction(connection)
                yield transaction
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            finally:
                self._release(connection)
        for listener in self._listeners:
            listener(transaction)

    def attempt(self, action: Callable[[Transaction], Result]) -> Result:
        """Run `action` in one write; a refusal that is news, such as a failed charge, is kept and then raised."""
        with self.write() as tx:
            try:
                return action(tx)
            except ApiError as error:
                if not error.keep_writes:
                    raise
                refusal = error
        raise refusal

    def copy(self) -> sqlite3.Connection:
        """Return everything that is stored, as a database in memory."""
        copied = sqlite3.connect(":memory:", check_same_thread=False)
        with self._write_lock:
            connection = self._acquire()
            connection.backup(copied)
            self._release(connection)
        return copied

    def restore(self, copied: sqlite3.Connection) -> None:
        """Store what was copied, in place of everything that is stored now."""
        with self._write_lock:
            connection = self._acquire()
            copied.backup(connection)
            self._release(connection)

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _transaction(self, connection: sqlite3.Connection) -> Transaction:
        return Transaction(connection, self.base_url, self.websocket_url)

    def _acquire(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {'FULL' if self._is_lasting else 'OFF'}")
        return connection

    def _release(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            self._idle.append(connection)
