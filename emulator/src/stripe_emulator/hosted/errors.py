"""Refusals as pages: every one says what happened and that nothing was charged."""

from flask import Flask, render_template
from werkzeug.exceptions import HTTPException

from stripe_emulator.api.errors import ApiError

Page = tuple[str, int]

TITLES = {
    400: "That request makes no sense here",
    403: "Not allowed",
    404: "Nothing here",
    405: "That is not how this page is used",
    410: "This page is over",
    413: "Too much at once",
}


def init_app(app: Flask) -> None:
    """Answer HTTP errors and Stripe's own errors with pages."""
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(ApiError, show_api_error)


def show_http_error(error: HTTPException) -> Page:
    """Show an HTTP error as a page."""
    status = error.code or 500
    return _page(TITLES.get(status, "Something went wrong"), error.description or "", status)


def show_api_error(error: ApiError) -> Page:
    """Show an error of the API that a hosted page ran into; a page about a missing object is missing itself."""
    status = 404 if error.body.get("code") == "resource_missing" else error.status
    return _page(TITLES.get(status, "That did not work"), error.body["message"], status)


def _page(title: str, message: str, status: int) -> Page:
    return render_template("error.html", title=title, message=message), status
