"""What a browser may do with the hosted pages: nothing inline, nothing framed, no posts from elsewhere."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, abort, current_app, g, request

from stripe_emulator.api.origins import is_cross_site
from stripe_emulator.hosted.links import origin_of

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: a browser would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

View = TypeVar("View", bound=Callable[..., Any])


def init_app(app: Flask) -> None:
    """Refuse posts from other sites and send the headers with every answer."""
    app.before_request(refuse_foreign_posts)
    app.after_request(add_headers)


def server_to_server(view: View) -> View:
    """Mark a view that programs call with a key, which no browser sends by itself."""
    view.server_to_server = True  # type: ignore[attr-defined]
    return view


def allow_form_redirect(*urls: str | None) -> None:
    """Let this page's forms end at the merchant: Chromium applies `form-action` to the redirect after a post."""
    g.form_targets = [*g.get("form_targets", []), *filter(None, map(origin_of, urls))]


def refuse_foreign_posts() -> None:
    """Answer 403 to a form that another site submitted."""
    view = current_app.view_functions.get(request.endpoint or "")
    if request.method in ("GET", "HEAD", "OPTIONS") or getattr(view, "server_to_server", False):
        return
    if is_cross_site(request.host, request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")):
        abort(403, "This form was sent from another site, so it was not accepted.")


def add_headers(response: Response) -> Response:
    """Add the policy, with the places this page's forms may lead to."""
    targets = " ".join(["'self'", *dict.fromkeys(g.get("form_targets", []))])
    response.headers.setdefault("Content-Security-Policy", f"{POLICY}; form-action {targets}")
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
