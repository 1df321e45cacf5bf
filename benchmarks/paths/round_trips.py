"""SQL round trips of one event, BEGIN and COMMIT counted, as they pass on the wire."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from benchmarks import databases, site
from benchmarks.report import Line
from benchmarks.rounds import Pace
from benchmarks.stripe_events import PATH, SubscriptionEvents
from benchmarks.wire import Wire, wire

PEOPLE = 10


def measure(pace: Pace) -> Iterator[Line]:
    """A fresh event, the same again, and one that is wrongly signed."""
    from app import create_app
    from app.config.settings import Settings
    from app.database import db

    with databases.postgresql("round_trips") as database, wire(database) as relay:
        site.populate(database, PEOPLE, 10)
        environment = site.settings(relay.database, "http://127.0.0.1:1")
        app = create_app(Settings(**{name.lower(): value for name, value in environment.items()}))
        yield from _count(app, relay)
        with app.app_context():
            db.engine.dispose()


def _count(app: Flask, relay: Wire) -> Iterator[Line]:
    client = app.test_client()

    def deliver(request: bytes, status: int = 200) -> int:
        head, _, body = request.partition(b"\r\n\r\n")
        signature = head.decode().partition("Stripe-Signature: ")[2].partition("\r\n")[0]
        before = relay.round_trips
        answer = client.post(PATH, data=body, headers={"Stripe-Signature": signature})
        assert answer.status_code == status, answer.text
        return relay.round_trips - before

    requests = list(SubscriptionEvents(PEOPLE).take(150))
    # The first connects and learns which Stripe account the key is of; psycopg prepares what it has sent five times.
    first = [deliver(request) for request in requests[:100]]
    trips = max(map(deliver, requests[100:]))
    yield Line("webhook, SQL round trips of the very first", str(first[0]), "")
    yield Line("webhook, SQL round trips of a fresh event", str(trips), "", trips, 6, 4, True)
    yield Line("webhook, SQL round trips of a duplicate", str(deliver(requests[-1])), "")
    wrong = deliver(requests[-1].replace(b"v1=", b"v1=0"), 400)
    yield Line("webhook, SQL round trips of a wrong signature", str(wrong), "", wrong, 0, 0, True)
