"""A webhook endpoint for tests: records what it gets and answers as it is told."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Received:
    """One delivery as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.time)

    @property
    def event(self) -> dict[str, Any]:
        """The event inside."""
        event: dict[str, Any] = json.loads(self.body)
        return event


class WebhookReceiver:
    """An HTTP server on a free port of this machine."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[int] = []
        self.delay = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """Where deliveries go."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/webhooks/stripe"

    @property
    def types(self) -> list[str]:
        """The types of what arrived, in order."""
        return [one.event["type"] for one in self.received]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        self.received.append(Received(request.path, dict(request.headers), body))
        time.sleep(self.delay)
        status = self.answers.pop(0) if self.answers else 200
        request.send_response(status)
        if status in (301, 302, 303, 307, 308):
            request.send_header("Location", self.url)
        request.send_header("Content-Length", "2")
        request.end_headers()
        request.wfile.write(b"ok")
