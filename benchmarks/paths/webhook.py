"""The webhook: fresh events beside the limit; duplicates and wrong signatures; what Stripe was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import repeat

from benchmarks import databases, site
from benchmarks.baselines import limit
from benchmarks.counting_stripe import counting_stripe
from benchmarks.load import measure
from benchmarks.report import Line
from benchmarks.rounds import Measure, Pace, Rounds
from benchmarks.servers import Server, gunicorn
from benchmarks.stripe_events import SubscriptionEvents, wrongly_signed

PEOPLE = 1000
STORED_EVENTS = 1000
# More than any endpoint here answers in a second.
MOST_A_SECOND = 2500
LIMIT = "benchmarks.baselines.limit:create_app()"


def on_postgresql(pace: Pace) -> Iterator[Line]:
    """Beside the limit on PostgreSQL."""
    with databases.postgresql("webhook") as database:
        yield from _beside_the_limit(database, pace, "PostgreSQL", (0.65, 0.80))


def on_sqlite(pace: Pace) -> Iterator[Line]:
    """Beside the same limit on SQLite."""
    with databases.sqlite() as ours, databases.sqlite() as theirs:
        yield from _beside_the_limit(ours, pace, "SQLite", (0.6, 0.8), theirs)


def fresh(server: Server, events: SubscriptionEvents, seconds: float) -> Measure:
    """Send events that were never sent before."""

    def send() -> Mapping[str, float]:
        requests = events.take(int(MOST_A_SECOND * seconds))
        answers = measure(server.port, requests, seconds, 200)
        return {"rate": answers.rate, "p99": answers.percentile(99)}

    send_a_little(server, events)
    return send


def again(server: Server, people: int, seconds: float) -> Measure:
    """Send events that are all recorded already."""
    requests = list(SubscriptionEvents(people).take(500))

    def send() -> Mapping[str, float]:
        return {"rate": measure(server.port, _in_turn(requests), seconds, 200).rate}

    return send


def send_a_little(server: Server, events: SubscriptionEvents) -> None:
    """Let every thread make its connections first."""
    measure(server.port, events.take(600), 30, 200)


def _beside_the_limit(
    database: str, pace: Pace, name: str, goals: tuple[float, float], limit_database: str | None = None
) -> Iterator[Line]:
    limit_database = limit_database or database
    site.populate(database, PEOPLE, STORED_EVENTS)
    limit.populate(limit_database, PEOPLE)
    with (
        counting_stripe() as stripe,
        site.site(database, stripe.url) as product,
        gunicorn(LIMIT, {"DATABASE_URL": limit_database}) as baseline,
    ):
        rounds = Rounds(
            pace,
            {
                "limit": fresh(baseline, SubscriptionEvents(PEOPLE), pace.seconds),
                "fresh": fresh(product, SubscriptionEvents(PEOPLE), pace.seconds),
                "duplicates": again(product, PEOPLE, pace.seconds),
                "wrong signature": _wrong(product, pace.seconds),
            },
        )
        yield from _lines(rounds, name, goals)
        yield Line(f"webhook, {name}: calls to Stripe", str(stripe.calls), "", float(stripe.calls), 0, 0, True)


def _wrong(server: Server, seconds: float) -> Measure:
    def send() -> Mapping[str, float]:
        return {"rate": measure(server.port, repeat(wrongly_signed()), seconds, 400).rate}

    return send


def _lines(rounds: Rounds, name: str, goals: tuple[float, float]) -> Iterator[Line]:
    def line(path: str, mine: str, theirs: str, figure: str, must: float, aim: float, label: str) -> Line:
        shown = {"rate": "{:,.0f}/s", "p99": "{:.1f} ms"}[figure]
        factor = 1000 if figure == "p99" else 1
        product = shown.format(rounds.median(mine, figure) * factor)
        baseline = shown.format(rounds.median(theirs, figure) * factor)
        ratio = rounds.ratio(mine, theirs, figure)
        return Line(f"webhook, {name}: {path}", product, f"{label} {baseline}", ratio, must, aim, figure == "p99")

    yield line("fresh events", "fresh", "limit", "rate", *goals, "limit")
    yield line("p99", "fresh", "limit", "p99", 1.6, 1.3, "limit")
    yield line("duplicates only", "duplicates", "fresh", "rate", 0.85, 1.0, "fresh")
    yield line("wrong signature", "wrong signature", "limit", "rate", 0.75, 0.85, "limit")


def _in_turn(requests: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests
