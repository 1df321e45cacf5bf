"""A million stored events and a hundred thousand users, beside a thousand of each."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import databases, site
from benchmarks.paths.pages import page_signed_in
from benchmarks.paths.webhook import again, fresh
from benchmarks.report import Line
from benchmarks.rounds import Measure, Pace, Rounds
from benchmarks.servers import Server
from benchmarks.stripe_events import SubscriptionEvents

SMALL = (1000, 1000)
LARGE = (100_000, 1_000_000)
LARGE_IN_A_TRIAL = (1000, 2000)


def measure(pace: Pace) -> Iterator[Line]:
    """Events, repeated events and pages on both."""
    with databases.postgresql("small") as small, databases.postgresql("large") as large:
        site.populate(small, *SMALL)
        size = LARGE_IN_A_TRIAL if pace.is_trial else LARGE
        site.populate(large, *size)
        with site.site(small) as on_small, site.site(large) as on_large:
            few, many = _paths(on_small, SMALL[0], pace), _paths(on_large, size[0], pace)
            for path, with_few in few.items():
                rounds = Rounds(pace, {"few": with_few, "many": many[path]})
                yield _line(path, rounds)


def _paths(server: Server, people: int, pace: Pace) -> dict[str, Measure]:
    return {
        "fresh events": fresh(server, SubscriptionEvents(people), pace.seconds),
        "duplicates only": again(server, people, pace.seconds),
        "GET /dashboard": page_signed_in(server, pace),
    }


def _line(path: str, rounds: Rounds) -> Line:
    product = f"{rounds.median('many', 'rate'):,.0f}/s"
    baseline = f"1,000 of each {rounds.median('few', 'rate'):,.0f}/s"
    ratio = rounds.ratio("many", "few", "rate")
    return Line(f"1,000,000 events, 100,000 users: {path}", product, baseline, ratio, 0.9, 1.0)
