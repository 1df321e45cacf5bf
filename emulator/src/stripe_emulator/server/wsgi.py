"""Who answers what: `/v1` the API, `/_emulator` the controls, and the pages nearly all the rest."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from stripe_emulator.api import origins
from stripe_emulator.api.dispatch import Answer, Api, Call
from stripe_emulator.api.errors import invalid_request
from stripe_emulator.api.forms import MAX_BODY_BYTES
from stripe_emulator.server.control import Control
from stripe_emulator.server.control_http import ControlHttp

if TYPE_CHECKING:
    from flask import Flask

CONTROLS = "/_emulator/"


class Application:
    """The whole emulator as one WSGI application."""

    def __init__(self, api: Api, control: Control, pages: "Flask") -> None:
        self._api = api
        self._outage = control.outage
        self._control = ControlHttp(control)
        self._pages: WSGIApplication = pages

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one HTTP request."""
        path = environ["PATH_INFO"]
        refusal = _refusal(environ)
        if refusal:
            answer = Answer(403, {}, json.dumps(invalid_request(refusal, status=403).as_json()).encode())
        elif _is_for_the_api(path):
            answer = self._outage.answer(lambda: self._api.handle(_call(environ)))
        elif path.startswith(CONTROLS):
            answer = self._control.handle(_call(environ), environ.get("REMOTE_ADDR", ""))
        elif path == "/healthz":
            answer = Answer(200, {}, json.dumps({"status": "ok"}).encode())
        else:
            return self._pages(environ, start_response)
        return _send(answer, start_response)


def _refusal(environ: WSGIEnvironment) -> str | None:
    """Say why this request is not let in, if it is not; the pages look after their own forms."""
    host, path = environ.get("HTTP_HOST", ""), environ["PATH_INFO"]
    if not origins.is_loopback_host(host):
        return "The emulator answers this machine only, by its own name or address."
    is_for_programs = _is_for_the_api(path) or path.startswith(CONTROLS)
    if is_for_programs and origins.is_cross_site(host, environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE")):
        return "The page of another site may not ask this."
    return None


def _is_for_the_api(path: str) -> bool:
    return path in ("/v1", "/v2") or path.startswith(("/v1/", "/v2/"))


def _call(environ: WSGIEnvironment) -> Call:
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    body = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
    return Call(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", ""), headers, body)


def _send(answer: Answer, start_response: StartResponse) -> Iterable[bytes]:
    headers = {"Content-Type": "application/json", "Content-Length": str(len(answer.body)), **answer.headers}
    # A header value comes from the caller (the idempotency key): never let it end the header line.
    clean = [(name, value.replace("\r", " ").replace("\n", " ")) for name, value in headers.items()]
    start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", clean)
    return [answer.body]
