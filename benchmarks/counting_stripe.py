"""A loopback server in Stripe's place that counts the calls it gets: in the steady state there are none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from benchmarks.servers import free_port


class CountingStripe(ThreadingHTTPServer):
    """Counts, and refuses everything."""

    calls = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Refuse(BaseHTTPRequestHandler):
    server: CountingStripe

    def do_GET(self) -> None:
        self.server.calls += 1
        self.send_error(503)

    do_POST = do_DELETE = do_GET  # noqa: N815  # The names are http.server's.

    def log_message(self, format: str, *args: object) -> None:
        """Keep the report free of the server's own lines."""


@contextmanager
def counting_stripe() -> Iterator[CountingStripe]:
    """Run one until the block ends."""
    with CountingStripe(("127.0.0.1", free_port()), _Refuse) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
