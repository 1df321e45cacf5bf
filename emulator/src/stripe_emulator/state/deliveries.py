"""Deliveries: which endpoint gets which event, how often it was tried, and when it is tried again."""

import json
import time
from dataclasses import dataclass, replace
from typing import Any

from stripe_emulator.state import chaos
from stripe_emulator.state.documents import Json
from stripe_emulator.state.stored_objects import StoredObjects

#: Seconds to wait after each failed attempt; a setting, so that tests can shorten it.
RETRY_SCHEDULE = (1, 3, 8, 20, 60, 300, 1800, 7200)
RETRY_SETTING = "retry_schedule"
_COLUMNS = "seq, event, endpoint, type, status, attempts, due, created"


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one endpoint: `pending`, `succeeded` or `failed`."""

    seq: int
    event: str
    endpoint: str
    type: str
    status: str
    attempts: int
    due: float | None
    created: int


@dataclass(frozen=True)
class Attempt:
    """One try to deliver, as it went."""

    at: float
    duration: float
    url: str
    request_headers: dict[str, str]
    request_body: str
    status: int | None
    response_headers: dict[str, str]
    response_body: str
    error: str | None

    @property
    def succeeded(self) -> bool:
        """Whether the endpoint answered with a 2xx; a redirect is a failure."""
        return self.status is not None and 200 <= self.status < 300


def schedule(tx: StoredObjects, event: Json) -> int:
    """Put the event on its way to every endpoint that wants it and return how many those are."""
    wanting = [one for one in tx.find("webhook_endpoint", status="enabled") if wants(one, event)]
    for endpoint in wanting:
        for due in chaos.current(tx).due_times():
            enqueue(tx, event, endpoint["id"], due)
    return len(wanting)


def wants(endpoint: Json, event: Json) -> bool:
    """Whether the endpoint is subscribed to events of this type."""
    return "*" in endpoint["enabled_events"] or event["type"] in endpoint["enabled_events"]


def enqueue(tx: StoredObjects, event: Json, endpoint_id: str, due: float | None = None) -> None:
    """Make one delivery, due at once unless said otherwise."""
    tx.connection.execute(
        "INSERT INTO deliveries (event, endpoint, type, status, due, created) VALUES (?, ?, ?, 'pending', ?, ?)",
        (event["id"], endpoint_id, event["type"], due or time.time(), int(time.time())),
    )
    tx.has_deliveries = True


def pending(tx: StoredObjects, until: float) -> list[Delivery]:
    """Return what is due by then, in the order the events happened."""
    return _deliveries(tx, "due <= ? ORDER BY seq LIMIT 500", until)


def next_due(tx: StoredObjects) -> float | None:
    """Return when the next delivery is due."""
    row = tx.connection.execute("SELECT min(due) FROM deliveries WHERE due IS NOT NULL").fetchone()
    due: float | None = row[0]
    return due


def latest(
    tx: StoredObjects, event: str | None = None, endpoint: str | None = None, limit: int = 100
) -> list[Delivery]:
    """Return deliveries newest first, of one event or to one endpoint if said so."""
    condition = "(? IS NULL OR event = ?) AND (? IS NULL OR endpoint = ?) ORDER BY seq DESC LIMIT ?"
    return _deliveries(tx, condition, event, event, endpoint, endpoint, limit)


def attempts(tx: StoredObjects, delivery: Delivery) -> list[Attempt]:
    """Return the tries of a delivery, oldest first."""
    rows = tx.connection.execute(
        "SELECT at, duration, url, request_headers, request_body, status, response_headers, response_body, "
        "error FROM attempts WHERE delivery = ? ORDER BY seq",
        (delivery.seq,),
    )
    return [_attempt(row) for row in rows]


def record(tx: StoredObjects, delivery: Delivery, attempt: Attempt) -> None:
    """Keep the attempt and decide what comes of the delivery."""
    tx.connection.execute(
        "INSERT INTO attempts (delivery, at, duration, url, request_headers, request_body, status, "
        "response_headers, response_body, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            delivery.seq,
            attempt.at,
            attempt.duration,
            attempt.url,
            json.dumps(attempt.request_headers),
            attempt.request_body,
            attempt.status,
            json.dumps(attempt.response_headers),
            attempt.response_body,
            attempt.error,
        ),
    )
    if attempt.succeeded:
        _settle(tx, delivery, "succeeded", None)
    else:
        again = _retry_at(tx, delivery)
        _settle(tx, delivery, "failed" if again is None else "pending", again)
    _count_pending_webhooks(tx, delivery.event)


def give_up(tx: StoredObjects, delivery: Delivery) -> None:
    """Stop trying: the endpoint is gone or disabled."""
    tx.connection.execute("UPDATE deliveries SET status = 'failed', due = NULL WHERE seq = ?", (delivery.seq,))


def cancel_for(tx: StoredObjects, endpoint_id: str) -> None:
    """Stop everything on its way to a deleted or disabled endpoint."""
    tx.connection.execute(
        "UPDATE deliveries SET status = 'failed', due = NULL WHERE endpoint = ? AND status = 'pending'",
        (endpoint_id,),
    )


def _attempt(row: tuple[Any, ...]) -> Attempt:
    attempt = Attempt(*row)
    headers = {name: json.loads(getattr(attempt, name)) for name in ("request_headers", "response_headers")}
    return replace(attempt, **headers)


def _settle(tx: StoredObjects, delivery: Delivery, status: str, due: float | None) -> None:
    tx.connection.execute(
        "UPDATE deliveries SET status = ?, due = ?, attempts = attempts + 1 WHERE seq = ?",
        (status, due, delivery.seq),
    )


def _retry_at(tx: StoredObjects, delivery: Delivery) -> float | None:
    waits: list[float] = tx.get_setting(RETRY_SETTING, RETRY_SCHEDULE)
    return time.time() + waits[delivery.attempts] if delivery.attempts < len(waits) else None


def _count_pending_webhooks(tx: StoredObjects, event_id: str) -> None:
    event = tx.get("event", event_id)
    if event is not None:
        row: Any = tx.connection.execute(
            "SELECT count(DISTINCT endpoint) FROM deliveries WHERE event = ? AND endpoint NOT IN "
            "(SELECT endpoint FROM deliveries WHERE event = ? AND status = 'succeeded')",
            (event_id, event_id),
        ).fetchone()
        tx.save({**event, "pending_webhooks": row[0]})


def _deliveries(tx: StoredObjects, condition: str, *values: Any) -> list[Delivery]:
    rows = tx.connection.execute(f"SELECT {_COLUMNS} FROM deliveries WHERE {condition}", values)
    return [Delivery(*row) for row in rows]
