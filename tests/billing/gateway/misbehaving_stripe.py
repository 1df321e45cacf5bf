"""A server between the site and the emulator that can be slow, broken, or held at a request."""

import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

# Told of each request; answers a status to give instead of the emulator's answer, or None to pass it on.
Rule = Callable[[str, str], int | None]
ERROR = b'{"error": {"type": "api_error", "message": "Something went wrong on Stripe\'s end."}}'


def _pass(_method: str, _path: str) -> None:
    """Pass a request on."""


class MisbehavingStripe:
    """Passes requests on to the emulator unless its rule says otherwise."""

    def __init__(self, upstream: str) -> None:
        self.requests: list[tuple[str, str]] = []
        # Whose account each of these was for, as its header says; None for the key's own.
        self.accounts: list[str | None] = []
        self.rule: Rule = _pass
        self.after: Rule = _pass
        # How far its clock, which each answer's Date tells, is ahead of ours.
        self.seconds_ahead = 0.0
        self._upstream = urlsplit(upstream).netloc
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                proxy._serve(self)

            def do_POST(self) -> None:
                proxy._serve(self)

            def do_DELETE(self) -> None:
                proxy._serve(self)

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string((timestamp or time.time()) + proxy.seconds_ahead)

            def log_message(self, format: str, *args: Any) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, status: int, path: str = "/v1") -> None:
        """From now on answer every request to these paths with this status."""
        self.rule = lambda _method, asked: status if asked.startswith(path) else None

    def lose_answer(self, path: str) -> None:
        """Let requests through, and lose the answers: what was asked for is done, and nobody hears of it."""
        self.after = lambda method, asked: 500 if asked.startswith(path) and method == "POST" else None

    def hold(self, path: str, seconds: float) -> None:
        """Answer requests to these paths only after a while."""

        def wait(method: str, asked: str) -> None:
            if asked.startswith(path):
                time.sleep(seconds)

        self.rule = wait

    def behave(self) -> None:
        """Pass everything on from now on."""
        self.rule = self.after = _pass

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.requests.append((request.command, request.path))
        self.accounts.append(request.headers.get("Stripe-Account"))
        status = self.rule(request.command, request.path)
        answer = (status, ERROR) if status else self._pass_on(request, body)
        spoiled = self.after(request.command, request.path)
        self._write(request, *((spoiled, ERROR) if spoiled else answer))

    def _pass_on(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes]:
        upstream = HTTPConnection(self._upstream, timeout=30)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in ("host", "connection")}
        upstream.request(request.command, request.path, body, headers)
        response = upstream.getresponse()
        answer = response.status, response.read()
        upstream.close()
        return answer

    def _write(self, request: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        try:
            request.send_response(status)
            request.send_header("Content-Type", "application/json")
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)
        except OSError:
            # The client gave up waiting.
            request.close_connection = True
