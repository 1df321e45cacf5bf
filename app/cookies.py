"""Flask's signed session cookie, without its price for the requests that bring none."""

from functools import cached_property

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import URLSafeTimedSerializer


class CookieSessions(SecureCookieSessionInterface):
    """The session of one application; probes, webhooks and most visitors have none to be read."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Read the cookie if there is one."""
        if "HTTP_COOKIE" in request.environ and self.get_cookie_name(app) in request.cookies:
            return super().open_session(app, request)
        else:
            return self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie if there is something in it; else only tell caches what a page depends on."""
        if session or session.modified:
            super().save_session(app, session, response)
        elif session.accessed and request.method != "POST":
            response.vary.add("Cookie")

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The signer of the keys that the application started with."""
        return self._serializer

    @cached_property
    def _serializer(self) -> URLSafeTimedSerializer | None:
        return super().get_signing_serializer(self._app)
