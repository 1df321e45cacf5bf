"""A door of its own for Stripe's events, past all that pages need: session, limits, form tokens, the reader.

Those took a third of an event's time in Python (`benchmarks/`). Without this file and its line in `create_app`, the
blueprint's route takes the events, and gives the same answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug import Request

from app.logs import add_facts
from app.webhook.routes import PATH, take_delivery

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class WebhookDoor:
    """A WSGI application that takes Stripe's deliveries, and leaves every other request to the pages."""

    def __init__(self, site: Flask, pages: WSGIApplication) -> None:
        self._site = site
        self._pages = pages

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "POST":
            return self._pages(environ, start_response)
        add_facts(route=PATH)
        with self._site.app_context():
            answer = take_delivery(Request(environ))
        return answer(environ, start_response)


def init_door(app: Flask) -> None:
    """Open the door; what wraps the application later stands in front of it as well."""
    app.wsgi_app = WebhookDoor(app, app.wsgi_app)  # type: ignore[method-assign]
