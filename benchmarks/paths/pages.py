"""Pages: for visitors beside the same template on bare Flask, for users beside the usual sample."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping

from benchmarks import databases, site
from benchmarks.browser import get, session_cookie
from benchmarks.load import measure as load
from benchmarks.report import Line
from benchmarks.rounds import Measure, Pace, Rounds
from benchmarks.servers import Server, gunicorn

BARE_PAGE = "benchmarks.baselines.page:create_app()"
SAMPLE = "benchmarks.baselines.sample:create_app()"


def measure(pace: Pace) -> Iterator[Line]:
    """The landing page, the pricing page and the dashboard."""
    with databases.postgresql("pages") as database:
        site.populate(database, 100, 100)
        environment = site.settings(database, "http://127.0.0.1:1")
        with (
            site.site(database) as product,
            gunicorn(BARE_PAGE, environment) as bare,
            gunicorn(SAMPLE, environment) as sample,
        ):
            for path in ("/", "/pricing"):
                _refuse_cookies(product, path)
                contestants = {"product": page(product, path, pace), "bare": page(bare, path, pace)}
                yield _line(f"GET {path}, anonymous", Rounds(pace, contestants), "bare", "bare Flask", 0.80, 0.95)
            contestants = {"product": page_signed_in(product, pace), "sample": page_signed_in(sample, pace)}
            yield _line("GET /dashboard, signed in", Rounds(pace, contestants), "sample", "sample", 0.90, 1.3)


def page(server: Server, path: str, pace: Pace, cookie: str = "") -> Measure:
    """Read one page."""

    def read() -> Mapping[str, float]:
        return {"rate": load(server.port, get(path, cookie), pace.seconds, 200).rate}

    load(server.port, get(path, cookie), 0.5, 200)
    return read


def page_signed_in(server: Server, pace: Pace) -> Measure:
    """Read the dashboard, signed in."""
    return page(server, "/dashboard", pace, session_cookie(server.port))


def _refuse_cookies(server: Server, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", path)
    if connection.getresponse().headers["Set-Cookie"]:
        raise RuntimeError(f"GET {path} sets a cookie for a visitor.")
    connection.close()


def _line(path: str, rounds: Rounds, other: str, label: str, must: float, aim: float) -> Line:
    product = f"{rounds.median('product', 'rate'):,.0f}/s"
    baseline = f"{label} {rounds.median(other, 'rate'):,.0f}/s"
    return Line(path, product, baseline, rounds.ratio("product", other, "rate"), must, aim)
