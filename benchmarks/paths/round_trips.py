"""SQL round trips of one event, BEGIN and COMMIT counted, by what SQLAlchemy sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlalchemy as sa

from benchmarks import databases, site
from benchmarks.report import Line
from benchmarks.rounds import Pace
from benchmarks.stripe_events import PATH, SubscriptionEvents


def measure(pace: Pace) -> Iterator[Line]:
    """A fresh event, the same again, and one that is wrongly signed."""
    from app.settings import Settings

    with databases.postgresql("round_trips") as database:
        site.populate(database, 10, 10)
        environment = site.settings(database, "http://127.0.0.1:1")
        settings = Settings(**{name.lower(): value for name, value in environment.items()})
        yield from _count(settings)


def _count(settings: object) -> Iterator[Line]:
    from app import create_app
    from app.database import db

    app = create_app(settings)  # type: ignore[arg-type]
    client = app.test_client()
    statements: list[str] = []
    with app.app_context():
        _listen(db.engine, statements.append)

    def deliver(request: bytes, status: int = 200) -> int:
        head, _, body = request.partition(b"\r\n\r\n")
        signature = head.decode().partition("Stripe-Signature: ")[2].partition("\r\n")[0]
        statements.clear()
        answer = client.post(PATH, data=body, headers={"Stripe-Signature": signature})
        assert answer.status_code == status, answer.text
        return len(statements)

    first, *others = SubscriptionEvents(10).take(5)
    # The first asks once which Stripe account the key is of.
    deliver(first)
    trips = max(map(deliver, others))
    yield Line("webhook, SQL round trips of a fresh event", str(trips), "", trips, 6, 4, True)
    yield Line("webhook, SQL round trips of a duplicate", str(deliver(others[0])), "")
    yield Line(
        "webhook, SQL of a wrong signature", str(deliver(others[0].replace(b"v1=", b"v1=0"), 400)), "", 0, 0, 0, True
    )
    with app.app_context():
        db.engine.dispose()


def _listen(engine: sa.Engine, note: Callable[[str], None]) -> None:
    for transaction in ("begin", "commit", "rollback"):
        sa.event.listen(engine, transaction, lambda _, name=transaction: note(name))
    sa.event.listen(engine, "before_cursor_execute", lambda *execution: note(execution[2]))
