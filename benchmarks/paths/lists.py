"""The first page of the operator's lists with 1,000,000 events and 100,000 users, beside an indexed query alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from benchmarks import databases, site
from benchmarks.paths.flatness import LARGE, LARGE_IN_A_TRIAL
from benchmarks.report import Line
from benchmarks.rounds import Measure, Pace, Rounds


def measure(pace: Pace) -> Iterator[Line]:
    """Reading a list's first page, as its page does it, beside the one query that the rows need."""
    from app import create_app

    with databases.postgresql("lists") as database:
        site.populate(database, *(LARGE_IN_A_TRIAL if pace.is_trial else LARGE))
        os.environ.update(site.settings(database, "http://127.0.0.1:1"))
        app = create_app()
        with app.test_request_context("/admin/"):
            for name, (read_list, bare) in _lists().items():
                contestants = {"list": _rate(read_list, pace), "bare": _rate(bare, pace)}
                yield _line(name, Rounds(pace, contestants))
            app.extensions["sqlalchemy"].session.remove()
            app.extensions["sqlalchemy"].engine.dispose()


def _lists() -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    from app.admin.paging import PAGE_SIZE, in_order
    from app.models import StripeEvent, Subscription, User

    def both(query: sa.Select[Any], column: Any, key: Any) -> tuple[Callable[[], object], Callable[[], object]]:
        return (
            lambda: in_order(query, (column, key), None),
            lambda: _all(query.order_by(column.desc(), key.desc()).limit(PAGE_SIZE + 1)),
        )

    users, events = sa.select(User), sa.select(StripeEvent)
    return {
        "users, newest first": both(users, User.created_at, User.id),
        "users, seen last": both(users, User.last_seen_at, User.id),
        "users by e-mail": both(users, User.email, User.id),
        "users of a role": both(users.where(User.role == "pro"), User.created_at, User.id),
        "users who are suspended": both(users.where(User.suspended_at.is_not(None)), User.created_at, User.id),
        "subscriptions": both(sa.select(Subscription), Subscription.started_at, Subscription.stripe_subscription_id),
        "events": both(events, StripeEvent.received_at, StripeEvent.id),
    }


def _all(query: sa.Select[Any]) -> list[object]:
    from app.database import db

    return list(db.session.scalars(query))


def _rate(read: Callable[[], object], pace: Pace) -> Measure:
    """How often a second it can be read."""

    def measured() -> Mapping[str, float]:
        from app.database import db

        read()
        count, started = 0, time.perf_counter()
        while (gone := time.perf_counter() - started) < pace.seconds:
            read()
            db.session.expunge_all()
            count += 1
        return {"milliseconds": 1000 * gone / max(count, 1)}

    return measured


def _line(name: str, rounds: Rounds) -> Line:
    product = f"{rounds.median('list', 'milliseconds'):.1f} ms"
    baseline = f"indexed query {rounds.median('bare', 'milliseconds'):.1f} ms"
    ratio = rounds.ratio("list", "bare", "milliseconds")
    return Line(f"first page: {name}", product, baseline, ratio, 1.5, 1.2, less_is_better=True)
