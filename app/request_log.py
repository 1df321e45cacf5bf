"""What is written of each request, and of what somebody tried that they may not."""

from __future__ import annotations

import json
import logging
import random
import re
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any

from flask import Flask, has_request_context, request

from app import metrics
from app.logs import add_facts, begin_facts

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from app.config.settings import Settings

logger = logging.getLogger(__name__)
security = logging.getLogger("security")
# What a proxy in front may call a request, so that its lines and ours can be laid side by side.
_REQUEST_ID = re.compile(r"[\w.-]{8,64}", re.ASCII)
# Probes come every few seconds and tell nothing.
_ENCODER = json.JSONEncoder(default=str)
UNTOLD = frozenset({"/healthz", "/readyz", "/metrics", "/static/<path:filename>"})


class Site(Flask):
    """The application, whose unhandled exceptions are told without the address that was asked for."""

    def log_exception(self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]) -> None:
        """Log an exception that no handler took: the line has the route, and the path can hold a token."""
        self.logger.error("A request failed.", exc_info=exc_info)


def init_request_log(app: Flask, settings: Settings) -> None:
    """Give each request an id, and write a line when it ends. Comes last, so that it stands in front of everything."""
    app.url_value_preprocessor(_note_route)
    write = _write_json if settings.logs_json else _write_text
    app.wsgi_app = RequestLog(app.wsgi_app, write, settings.trusted_proxies > 0)  # type: ignore[method-assign]


def note_security(kind: str, **facts: object) -> None:
    """Write a line of the security log: somebody tried what they may not, or an admin did something.

    It goes where all lines go, under the name `security`; it alone has the network address.
    """
    address = request.remote_addr if has_request_context() else None
    security.info(kind, extra={"address": address, **facts})


class RequestLog:
    """A WSGI application whose requests are told when they end: which route, which status, how long, whose."""

    def __init__(self, application: WSGIApplication, write: Callable[..., None], trusts_proxy: bool) -> None:
        self._application = application
        self._write = write
        self._trusts_proxy = trusts_proxy

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = perf_counter()
        request_id = self._request_id(environ)
        facts = begin_facts(request_id=request_id, method=environ["REQUEST_METHOD"])
        code = "500"

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal code
            code = status[:3]
            headers.append(("X-Request-ID", request_id))
            return start_response(status, headers, exc_info)

        try:
            return self._application(environ, start)
        finally:
            seconds = perf_counter() - began
            metrics.count_request(environ["REQUEST_METHOD"], facts.get("route"), code, seconds)
            if facts.get("route") not in UNTOLD:
                self._write(code, seconds, facts)
            begin_facts()

    def _request_id(self, environ: WSGIEnvironment) -> str:
        given = environ.get("HTTP_X_REQUEST_ID", "") if self._trusts_proxy else ""
        return given if _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(64):016x}"


def _note_route(endpoint: str | None, values: dict[str, Any] | None) -> None:
    # The rule alone: the path can hold a token, and so can the query.
    add_facts(route=request.url_rule.rule if request.url_rule else None)


def _write_json(code: str, seconds: float, facts: dict[str, object]) -> None:
    # By hand: through logging and structlog the same line costs ten times as much, and a webhook has no time.
    line = {
        "message": "request",
        "level": "info",
        "logger": __name__,
        "time": datetime.now(UTC).isoformat(),
        "status": int(code),
        "duration_ms": round(seconds * 1000, 1),
        **facts,
    }
    sys.stderr.write(_ENCODER.encode(line) + "\n")


def _write_text(code: str, seconds: float, facts: dict[str, object]) -> None:
    logger.info("request", extra={"status": int(code), "duration_ms": round(seconds * 1000, 1)})
