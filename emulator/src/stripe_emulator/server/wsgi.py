"""Who answers what: `/v1` the API, `/_emulator` the controls, and the pages nearly all the rest."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from stripe_emulator.api.dispatch import Answer, Api, Call
from stripe_emulator.api.forms import MAX_BODY_BYTES
from stripe_emulator.server.control_http import ControlHttp

if TYPE_CHECKING:
    from flask import Flask


class Application:
    """The whole emulator as one WSGI application."""

    def __init__(self, api: Api, control: ControlHttp, pages: "Flask") -> None:
        self._api = api
        self._control = control
        self._pages: WSGIApplication = pages

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one HTTP request."""
        path = environ["PATH_INFO"]
        if path == "/v1" or path.startswith("/v1/"):
            answer = self._api.handle(_call(environ))
        elif path.startswith("/_emulator/"):
            answer = self._control.handle(_call(environ), environ.get("REMOTE_ADDR", ""))
        elif path == "/healthz":
            answer = Answer(200, {}, json.dumps({"status": "ok"}).encode())
        else:
            return self._pages(environ, start_response)
        return _send(answer, start_response)


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
