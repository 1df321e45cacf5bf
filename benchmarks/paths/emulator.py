"""The Stripe emulator, asked by eight threads through Stripe's SDK, beside a WSGI application that does nothing."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import stripe

from benchmarks.report import Line
from benchmarks.rounds import Measure, Pace, Rounds
from benchmarks.servers import Server, free_port, running

THREADS = 8
KEY = "sk_test_benchmarks_000000000000"
RETRIEVALS_A_SECOND, SESSIONS_A_SECOND = 300, 100
BARE = "from benchmarks.baselines.wsgi import serve; serve({port})"


def measure(pace: Pace) -> Iterator[Line]:
    """Customers retrieved and Checkout Sessions created in a second."""
    with _emulator() as emulator, _bare() as bare:
        client, nothing = _client(emulator), _client(bare)
        customer = client.v1.customers.create({"name": "Alice"}).id
        session = _session_params(client, customer)
        contestants = {
            "retrieve": _calls(lambda: client.v1.customers.retrieve(customer), pace),
            "bare": _calls(lambda: nothing.v1.customers.retrieve(customer), pace),
            "create": _calls(lambda: client.v1.checkout.sessions.create(session), pace),
        }
        rounds = Rounds(pace, contestants)
    yield _line("emulator: customers retrieved", rounds, "retrieve", RETRIEVALS_A_SECOND)
    yield _line("emulator: Checkout Sessions created", rounds, "create", SESSIONS_A_SECOND)


def _line(path: str, rounds: Rounds, contestant: str, goal: int) -> Line:
    """Against the goal, which is a rate and not a ratio; what the client alone can do stands beside it."""
    rate, bare = rounds.median(contestant, "rate"), rounds.median("bare", "rate")
    return Line(f"{path} (of {goal}/s)", f"{rate:.0f}/s", f"bare WSGI {bare:.0f}/s", rate / goal, 1, 1)


def _calls(call: Callable[[], object], pace: Pace) -> Measure:
    def count() -> Mapping[str, float]:
        until = time.perf_counter() + pace.seconds
        with ThreadPoolExecutor(THREADS) as threads:
            done = sum(threads.map(lambda _: _repeat(call, until), range(THREADS)))
        return {"rate": done / pace.seconds}

    return count


def _repeat(call: Callable[[], object], until: float) -> int:
    count = 0
    while time.perf_counter() < until:
        call()
        count += 1
    return count


def _client(server: Server) -> stripe.StripeClient:
    return stripe.StripeClient(KEY, base_addresses={"api": f"http://127.0.0.1:{server.port}"})


def _session_params(client: stripe.StripeClient, customer: str) -> stripe.params.checkout.SessionCreateParams:
    product = client.v1.products.create({"name": "Pro"}).id
    price = client.v1.prices.create(
        {"product": product, "currency": "usd", "unit_amount": 2900, "recurring": {"interval": "month"}}
    ).id
    return {
        "mode": "subscription",
        "customer": customer,
        "line_items": [{"price": price, "quantity": 1}],
        "success_url": "http://127.0.0.1/done?session_id={CHECKOUT_SESSION_ID}",
    }


@contextmanager
def _emulator() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        port = free_port()
        command = [sys.executable, "-m", "stripe_emulator", "--port", str(port), "--db", f"{folder}/stripe.sqlite3"]
        with running(command, {}, port) as server:
            yield server


@contextmanager
def _bare() -> Iterator[Server]:
    port = free_port()
    with running([sys.executable, "-c", BARE.format(port=port)], {}, port) as server:
        yield server
