"""Whether the time of an answer tells who has an account: known against unknown addresses, in turns.

Run it with `python -m benchmarks.timing_of_unknown_addresses [tries]`; it needs PostgreSQL on this machine.
"""

from __future__ import annotations

import http.client
import random
import re
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

from benchmarks import databases
from benchmarks.servers import gunicorn
from benchmarks.site import populate, settings

TRIES = 200
SHUFFLES = 2000
STRIPE_IS_AWAY = "http://127.0.0.1:1"
FORMS = {"/login": {"password": "a wrong password"}, "/forgot-password": {}}


@dataclass(frozen=True)
class Timing:
    """The milliseconds of each try."""

    known: list[float]
    unknown: list[float]

    def difference(self) -> float:
        """How much longer the median known address takes."""
        return statistics.median(self.known) - statistics.median(self.unknown)

    def chance(self) -> float:
        """How often so large a difference comes from shuffling the same tries: below 0.05 it would tell something."""
        together, count = self.known + self.unknown, len(self.known)
        generator, larger = random.Random(1), 0
        for _ in range(SHUFFLES):
            generator.shuffle(together)
            larger += abs(Timing(together[:count], together[count:]).difference()) >= abs(self.difference())
        return larger / SHUFFLES


class Browser:
    """One kept connection with one cookie; each request comes from another network address, as the proxy says."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.sent = 0
        response, page = self._ask("GET", "/login", "", {})
        self.cookie = response.headers["Set-Cookie"].partition(";")[0]
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert found
        self.token = found[1]

    def time(self, path: str, **fields: str) -> float:
        """Send a form; the milliseconds until its answer is read."""
        body = urlencode({"csrf_token": self.token, **fields})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self.cookie}
        start = time.perf_counter()
        response, _ = self._ask("POST", path, body, headers)
        elapsed = time.perf_counter() - start
        assert response.status in (303, 422), response.status
        return elapsed * 1000

    def _ask(self, method: str, path: str, body: str, headers: dict[str, str]) -> tuple[http.client.HTTPResponse, str]:
        self.sent += 1
        forwarded = f"10.{self.sent >> 16 & 255}.{self.sent >> 8 & 255}.{self.sent & 255}"
        self.connection.request(method, path, body, {"X-Forwarded-For": forwarded, **headers})
        response = self.connection.getresponse()
        return response, response.read().decode()


def measure(browser: Browser, path: str, tries: int) -> Timing:
    """Send a form for known and unknown addresses in turns, each address once."""
    known: list[float] = []
    unknown: list[float] = []
    for number in range(tries):
        pair = [(known, f"user{number}@example.com"), (unknown, f"none{number}@example.com")]
        random.shuffle(pair)
        for times, email in pair:
            times.append(browser.time(path, email=email, **FORMS[path]))
    return Timing(known, unknown)


@contextmanager
def running_site(database: str, people: int) -> Iterator[Browser]:
    """The product on this database, behind one proxy."""
    populate(database, people, 1)
    with gunicorn("app:create_app()", settings(database, STRIPE_IS_AWAY) | {"TRUSTED_PROXIES": "1"}) as server:
        browser = Browser(server.port)
        yield browser
        browser.connection.close()


def main(tries: int) -> None:
    """Print the figures of both forms on both databases."""
    print(f"{tries} tries each; milliseconds; chance: how often shuffled tries differ as much\n")
    print(f"{'':28}{'known':>17}{'unknown':>17}{'difference':>12}{'chance':>8}")
    for name, database in (("PostgreSQL", databases.postgresql("timing")), ("SQLite", databases.sqlite())):
        with database as address, running_site(address, tries) as browser:
            measure(browser, "/login", 10)
            for path in FORMS:
                print_timing(f"{name} {path}", measure(browser, path, tries))


def print_timing(title: str, timing: Timing) -> None:
    """Print one line: median and spread of both, the difference, and the chance of it."""
    columns = [f"{statistics.median(t):.2f} ± {statistics.stdev(t):.2f}" for t in (timing.known, timing.unknown)]
    print(f"{title:28}{columns[0]:>17}{columns[1]:>17}{timing.difference():>12.2f}{timing.chance():>8.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TRIES)
