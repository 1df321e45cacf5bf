"""A bare WSGI application that answers one customer as JSON: what a server can do that does nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CUSTOMER = json.dumps({"id": "cus_bench000000000", "object": "customer", "metadata": {}}).encode()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The same customer, whatever is asked."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(CUSTOMER)))])
    return [CUSTOMER]


def serve(port: int) -> None:
    """Serve it with the emulator's own server."""
    from cheroot.wsgi import Server

    Server(("127.0.0.1", port), application, numthreads=16).start()
