"""The headers of every answer, put on where answers leave: a hook of Flask's would cost several times as much."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]


class SecurityHeaders:
    """A WSGI application with these headers on every answer that does not bring its own."""

    def __init__(self, application: WSGIApplication, always: Headers) -> None:
        self._application = application
        self._always = [(name.lower(), (name, value)) for name, value in always]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            own = {name.lower() for name, _ in headers}
            headers += [header for name, header in self._always if name not in own]
            if "cache-control" not in own:
                # A page may name its reader; no cache may show it to the next one.
                headers.append(("Cache-Control", "no-store" if "HTTP_COOKIE" in environ else "no-cache"))
            return start_response(status, headers, exc_info)

        return self._application(environ, start)
