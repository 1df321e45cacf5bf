"""Headers, proxies, cookies and the tokens of forms."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Response, current_app, redirect, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError, generate_csrf
from itsdangerous import BadData
from werkzeug.routing import RequestRedirect

from app.bot_check import bot_check_directives, init_bot_check
from app.config.settings import Settings
from app.extensions import csrf
from app.keys import signing_keys
from app.proxies import init_doorway, trust_proxies
from app.signatures import ForbearingSessions, timed_serializer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

STRIPE_PAGES = ("https://checkout.stripe.com", "https://billing.stripe.com")
VISITOR_SALT = "visitor-checkout"
# What browsers could do for a page and ours never ask for.
UNUSED_FEATURES = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation"),
    *("gyroscope", "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock"),
    *("serial", "usb", "xr-spatial-tracking"),
)
REPORTS_TO = "/csp-reports"
VISITOR_TOKEN_SECONDS = 24 * 3600
VISITOR_TOKEN_KEPT_SECONDS = 300


def init_security(app: Flask, settings: Settings) -> None:
    """Send the security headers with every answer; trust as many proxies as the settings say."""
    app.session_interface = ForbearingSessions()
    init_doorway(app, settings)
    init_bot_check(app, settings)
    app.wsgi_app = SecurityHeaders(app.wsgi_app, security_headers(settings))  # type: ignore[method-assign]
    trust_proxies(app, settings)

    @app.after_request
    def keep_redirects_on_the_site(response: Response) -> Response:
        # Werkzeug builds the redirect to the right slashes from the Host header, which anybody can write.
        if isinstance(request.routing_exception, RequestRedirect):
            address = urlsplit(request.routing_exception.new_url)
            path = urlunsplit(("", "", f"/{address.path.lstrip('/')}", address.query, ""))
            return redirect(path, response.status_code, Response)  # type: ignore[return-value]
        return response


def security_headers(settings: Settings) -> list[tuple[str, str]]:
    """The headers of every answer that does not bring its own."""
    headers = {
        "Content-Security-Policy": content_security_policy(settings),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED_FEATURES),
        "Reporting-Endpoints": f'csp="{REPORTS_TO}"',
    }
    if settings.site_url.startswith("https://"):
        subdomains = "; includeSubDomains" if settings.hsts_include_subdomains else ""
        headers["Strict-Transport-Security"] = f"max-age=63072000{subdomains}"
    return list(headers.items())


def content_security_policy(settings: Settings) -> str:
    """The policy: our own origin alone, and forms may lead to Checkout and the portal.

    Chromium applies `form-action` to the redirect after a POST, so without these origins the buy button does nothing.
    """
    origins = ["'self'", *STRIPE_PAGES, *(f"https://{host}" for host in settings.checkout_hosts)]
    if settings.stripe_base:
        address = urlsplit(settings.stripe_base)
        origins.append(f"{address.scheme}://{address.netloc}")
    for address in map(urlsplit, settings.stripe_payment_links.values()):
        origins.append(f"{address.scheme}://{address.netloc}")
    if settings.stripe_connect_client_id:
        origins.append("https://connect.stripe.com")
    directives = {
        "default-src": "'self'",
        "img-src": "'self' data:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": " ".join(dict.fromkeys(origins)),
    }
    directives |= bot_check_directives(settings)
    # The second is for browsers that do not know the first.
    directives |= {"report-to": "csp", "report-uri": REPORTS_TO}
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def checkout_csrf_token() -> str:
    """The token for a buy button: a signed-in reader's own, or one for visitors that sets no cookie.

    A visitor's press changes nothing, it only leads to sign-up; so their token needs no session to be tied to,
    and the pricing page can be served without one.
    """
    if current_user.is_authenticated:
        return generate_csrf()
    else:
        return _visitor_token(tuple(signing_keys("forms")), int(time.time()) // VISITOR_TOKEN_KEPT_SECONDS)


def protect_checkout() -> None:
    """Check the token of a buy button; raise `CSRFError` (400) when it is missing or wrong."""
    token = request.form.get("csrf_token", "")
    if not current_app.config["WTF_CSRF_ENABLED"]:
        return
    if current_user.is_authenticated or not _is_visitor_token(token):
        csrf.protect()


def _is_visitor_token(token: str) -> bool:
    try:
        return bool(timed_serializer("forms", VISITOR_SALT).loads(token, max_age=VISITOR_TOKEN_SECONDS) == "checkout")
    except BadData:
        return False


@lru_cache(maxsize=8)
def _visitor_token(keys: tuple[str, ...], period: int) -> str:
    """One token for all visitors of a few minutes: it says nothing of whose it is."""
    return timed_serializer("forms", VISITOR_SALT).dumps("checkout")


__all__ = ["CSRFError", "checkout_csrf_token", "content_security_policy", "init_security", "protect_checkout"]


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
