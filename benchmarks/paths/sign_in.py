"""Signing in, beside the machine's bare hash rate; and how long pages wait meanwhile, beside the usual sample."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping

from benchmarks import databases, site
from benchmarks.browser import get, session_cookie, sign_ins
from benchmarks.load import Stream, send
from benchmarks.load import measure as load
from benchmarks.paths.pages import SAMPLE
from benchmarks.report import Line
from benchmarks.rounds import Measure, Pace, Rounds
from benchmarks.servers import Server, gunicorn

PEOPLE = 100
SIGNING_IN = 8


def measure(pace: Pace) -> Iterator[Line]:
    """The rate, and the page's p99."""
    with databases.postgresql("sign_in") as database:
        site.populate(database, PEOPLE, 100)
        with (
            site.site(database) as product,
            gunicorn(SAMPLE, site.settings(database, "http://127.0.0.1:1")) as sample,
        ):
            yield _rate(product, pace)
            yield _waiting(product, sample, pace)


def _rate(product: Server, pace: Pace) -> Line:
    requests = sign_ins(product.port, PEOPLE)

    def sign_in() -> Mapping[str, float]:
        return {"rate": load(product.port, requests, pace.seconds, 303, connections=SIGNING_IN).rate}

    rounds = Rounds(pace, {"hash": lambda: {"rate": _bare_hash_rate(pace.seconds)}, "product": sign_in})
    mine, bare = rounds.median("product", "rate"), rounds.median("hash", "rate")
    ratio = rounds.ratio("product", "hash", "rate")
    return Line("POST /login", f"{mine:.0f}/s", f"hashes alone {bare:.0f}/s", ratio, 0.90, 0.95)


def _waiting(product: Server, sample: Server, pace: Pace) -> Line:
    rounds = Rounds(pace, {"product": _page_beside(product, pace), "sample": _page_beside(sample, pace)})
    mine, theirs = (rounds.median(name, "p99") * 1000 for name in ("product", "sample"))
    ratio = rounds.ratio("product", "sample", "p99")
    return Line(
        f"p99 of GET /dashboard, {SIGNING_IN} signing in", f"{mine:.0f} ms", f"sample {theirs:.0f} ms",
        ratio, 1.2, 0.5, True,
    )  # fmt: skip


def _page_beside(server: Server, pace: Pace) -> Measure:
    cookie = session_cookie(server.port)
    requests = sign_ins(server.port, PEOPLE)

    def read() -> Mapping[str, float]:
        pages = Stream(get("/dashboard", cookie), connections=1)
        send(server.port, [pages, Stream(requests, SIGNING_IN)], pace.seconds)
        pages.expect(200)
        return {"p99": pages.percentile(99)}

    return read


def _bare_hash_rate(seconds: float) -> float:
    """Passwords verified in a second with every core at work and nothing else going on."""
    cores = os.cpu_count() or 1
    with multiprocessing.get_context("fork").Pool(cores) as pool:
        return sum(pool.map(_verify_for, [seconds] * cores)) / seconds


def _verify_for(seconds: float) -> int:
    from app.auth.passwords import DUMMY_HASH, verify_password

    count, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        verify_password(DUMMY_HASH, site.PASSWORD)
        count += 1
    return count
