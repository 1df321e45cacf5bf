"""What a worker costs before and after its first requests: seconds to import, megabytes to keep."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping

from benchmarks import databases, site
from benchmarks.browser import get, session_cookie
from benchmarks.load import measure as load
from benchmarks.paths.pages import SAMPLE
from benchmarks.report import Line
from benchmarks.rounds import Measure, Pace, Rounds
from benchmarks.servers import ROOT, Server, gunicorn
from benchmarks.stripe_events import SubscriptionEvents

IMPORTS = "import flask, flask_sqlalchemy, stripe"
PRODUCT = "import app; app.create_app()"
# One event for each: a worker that is still cold may answer late, and an overtaken event would be a question to Stripe.
PEOPLE = 400


def measure(pace: Pace) -> Iterator[Line]:
    """The time from nothing to an application, and the resident memory of a worker that has worked."""
    with databases.postgresql("startup") as database:
        site.populate(database, PEOPLE, 100)
        environment = site.settings(database, "http://127.0.0.1:1")
        yield _imports(environment)
        with site.site(database) as product, gunicorn(SAMPLE, environment) as sample:
            mine, theirs = _used(product), _used(sample)
            yield Line(
                "memory per worker", f"{mine:.0f} MB", f"sample {theirs:.0f} MB", mine / theirs, 1.15, 1.05, True
            )


def _imports(environment: dict[str, str]) -> Line:
    with tempfile.TemporaryDirectory() as compiled:
        # Compiled files as an installed application has them, wherever the machine keeps such files.
        environment = os.environ | environment | {"PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
        contestants = {"product": _run(PRODUCT, environment), "imports": _run(IMPORTS, environment)}
        for warm_up in contestants.values():
            warm_up()
        rounds = Rounds(Pace(rounds=7), contestants)
    mine, theirs = rounds.median("product", "seconds"), rounds.median("imports", "seconds")
    ratio = rounds.ratio("product", "imports", "seconds")
    return Line("cold import and create_app()", f"{mine:.2f} s", f"imports {theirs:.2f} s", ratio, 1.35, 1.15, True)


def _run(code: str, environment: dict[str, str]) -> Measure:
    def run() -> Mapping[str, float]:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
        return {"seconds": time.perf_counter() - started}

    return run


def _used(server: Server) -> float:
    load(server.port, SubscriptionEvents(PEOPLE).take(PEOPLE), 20, 200)
    load(server.port, get("/dashboard", session_cookie(server.port)), 1, 200)
    return server.memory_per_worker()
