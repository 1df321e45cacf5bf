"""What readers notice while a part is taken away: PostgreSQL, Redis, the mail server, Stripe, a worker; and a crowd."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import site
from benchmarks.browser import get, session_cookie, sign_ins
from benchmarks.load import Stream, send
from benchmarks.report import Line
from benchmarks.rounds import Pace
from benchmarks.servers import Server, gunicorn
from tests.servers.postgresql import PostgreSQL, postgresql
from tests.servers.redis import Redis, redis
from tests.servers.wire import Wire

PEOPLE = 100
CROWD = 60
BEFORE, AWAY, AFTER = 2.0, 5.0, 4.0
# Who reads what meanwhile; the first needs no database, the second one SELECT.
READERS = {"/pricing": 4, "/account": 4, "/healthz": 1}


@dataclass
class Seen:
    """What came back for a path."""

    fine: int = 0
    refused: int = 0
    lost: int = 0
    longest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, status: int, seconds: float) -> None:
        """Count an answer; 0 is none."""
        with self.lock:
            self.fine += 200 <= status < 400
            self.refused += status >= 400
            self.lost += status == 0
            self.longest = max(self.longest, seconds)


def measure(pace: Pace) -> Iterator[Line]:
    """Each part in turn, and sixty people who log in at once."""
    with ExitStack() as parts:
        server = parts.enter_context(postgresql())
        database = server.url()
        site.populate(database, PEOPLE, 100)
        wire = parts.enter_context(Wire(server.port))
        queue = parts.enter_context(redis())
        environment = site.settings(server.url(port=wire.port), "http://127.0.0.1:1") | {
            "REDIS_URL": f"redis://127.0.0.1:{queue.port}/0",
            "MAIL_URL": "smtp://127.0.0.1:1",
        }
        product = parts.enter_context(gunicorn("app:create_app()", environment))
        cookie = session_cookie(product.port)
        yield from _crowd(product, pace)
        for name, take_away in _parts(product, server, wire, queue).items():
            yield from _lines(name, _read_while(product.port, cookie, take_away))


def _parts(product: Server, server: PostgreSQL, wire: Wire, queue: Redis) -> dict[str, Callable[[], object]]:
    return {
        "Stripe and mail away": lambda: time.sleep(AWAY),
        "a worker killed": lambda: _kill_a_worker(product.pid),
        "Redis away": lambda: _without(queue),
        "PostgreSQL restarts": server.restart,
        "PostgreSQL's host gone": lambda: _cut(wire),
    }


def _kill_a_worker(master: int) -> None:
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    os.kill(int(workers[0]), signal.SIGKILL)


def _without(queue: Redis) -> None:
    queue.stop(signal.SIGKILL)
    time.sleep(AWAY)
    queue.start()


def _cut(wire: Wire) -> None:
    wire.is_cut = True
    time.sleep(2 * AWAY)
    wire.is_cut = False


def _read_while(port: int, cookie: str, take_away: Callable[[], object]) -> dict[str, Seen]:
    """Read the pages without a pause, and take the part away in the middle."""
    seen, is_over = {path: Seen() for path in READERS}, threading.Event()
    readers = [
        threading.Thread(target=_read, args=(port, path, cookie, seen[path], is_over), daemon=True)
        for path, count in READERS.items()
        for _ in range(count)
    ]
    for reader in readers:
        reader.start()
    time.sleep(BEFORE)
    take_away()
    time.sleep(AFTER)
    is_over.set()
    for reader in readers:
        reader.join()
    return seen


def _read(port: int, path: str, cookie: str, seen: Seen, is_over: threading.Event) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while not is_over.is_set():
        began = time.perf_counter()
        try:
            connection.request("GET", path, headers={"Cookie": cookie} if path == "/account" else {})
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            connection.close()
            status = 0
        seen.note(status, time.perf_counter() - began)
    connection.close()


def _lines(name: str, seen: dict[str, Seen]) -> Iterator[Line]:
    for path, found in seen.items():
        yield Line(
            f"{name}: {path}", f"{found.fine} fine",
            f"{found.refused} refused, {found.lost} lost, {found.longest:.1f} s",
        )  # fmt: skip


def _crowd(product: Server, pace: Pace) -> Iterator[Line]:
    """How long a page takes while sixty people log in at once, beside the same page on a site at rest."""
    form = next(sign_ins(product.port, 1))
    is_over = threading.Event()
    crowd = [threading.Thread(target=_insist, args=(product.port, form, is_over), daemon=True) for _ in range(CROWD)]
    alone, beside = Stream(get("/pricing"), connections=1), Stream(get("/pricing"), connections=1)
    send(product.port, [alone], pace.seconds)
    for one in crowd:
        one.start()
    send(product.port, [beside], 2 * pace.seconds)
    is_over.set()
    for one in crowd:
        one.join()
    mine, rest = beside.percentile(50) * 1000, alone.percentile(50) * 1000
    yield Line(
        f"median of GET /pricing, {CROWD} logging in", f"{mine:.1f} ms", f"at rest {rest:.1f} ms",
        mine / rest, 5, 2, True,
    )  # fmt: skip


def _insist(port: int, form: bytes, is_over: threading.Event) -> None:
    """Log in, and when told to come back, do so after as long as was asked for."""
    while not is_over.is_set():
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(form.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        asked_for = re.search(rb"\r\nRetry-After: (\d+)", answer)
        is_over.wait(min(5, int(asked_for[1])) if asked_for else 0)
