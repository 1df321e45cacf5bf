"""Deliveries: which endpoint gets which event, and when it is tried again."""

import time
from typing import TYPE_CHECKING

from stripe_emulator.documents import Json

if TYPE_CHECKING:
    from stripe_emulator.transaction import Transaction


def schedule(tx: "Transaction", event: Json) -> int:
    """Put the event on its way to every endpoint that wants it and return how many those are."""
    wanting = [
        endpoint for endpoint in tx.find("webhook_endpoint", status="enabled") if wants(endpoint, event)
    ]
    for endpoint in wanting:
        enqueue(tx, event, endpoint)
    return len(wanting)


def wants(endpoint: Json, event: Json) -> bool:
    """Whether the endpoint is subscribed to events of this type."""
    return "*" in endpoint["enabled_events"] or event["type"] in endpoint["enabled_events"]


def enqueue(tx: "Transaction", event: Json, endpoint: Json) -> None:
    """Make one delivery, due at once."""
    now = time.time()
    tx.connection.execute(
        "INSERT INTO deliveries (event, endpoint, type, status, due, created) VALUES (?, ?, ?, 'pending', ?, ?)",
        (event["id"], endpoint["id"], event["type"], now, int(now)),
    )
