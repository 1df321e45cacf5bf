"""Errors as pages of the site, each with a next step."""

import logging
import time

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError

from app.access import RoleRequired
from app.billing.catalog.plans import current_catalog
from app.billing.errors import StripeRejection, StripeUnavailable
from app.database import db
from app.extensions import limiter


def show_too_many(error: RateLimitExceeded) -> Response:
    """The 429 page, saying when to come back."""
    from app.errors import show_http_error

    response = show_http_error(error)
    limit = limiter.current_limit
    response.headers["Retry-After"] = str(max(1, round(limit.reset_at - time.time())) if limit else 60)
    return response


def init_limits(app: Flask) -> None:
    """Answer a limit that is reached with the 429 page and Retry-After."""
    app.register_error_handler(RateLimitExceeded, show_too_many)


logger = logging.getLogger(__name__)
PAGES = {400, 403, 404, 405, 413, 429, 500, 503}


def register_error_handlers(app: Flask) -> None:
    """Answer every error with a page, and every failed request with a rolled-back transaction."""
    app.register_error_handler(CSRFError, show_csrf_error)
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(RoleRequired, show_upgrade)
    app.register_error_handler(StripeUnavailable, show_stripe_unavailable)
    app.register_error_handler(StripeRejection, show_stripe_unavailable)


def show_http_error(error: HTTPException) -> Response:
    """The page of this status; statuses without a page of their own borrow the nearest."""
    code = error.code or 500
    if code < 400:
        return make_response(error.get_response())
    if isinstance(error, InternalServerError):
        _roll_back()
    response = _error_page(code if code in PAGES else (500 if code >= 500 else 400), code)
    for name, value in error.get_response().headers.items():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def show_csrf_error(error: CSRFError) -> Response:
    """A form that was open too long, or was not ours."""
    response = make_response(render_template("errors/400.html", reason="expired_form"), 400)
    return response


def show_upgrade(error: RoleRequired) -> Response:
    """403 with the way to upgrade."""
    plans = current_catalog().plans_giving(error.role)
    return make_response(render_template("errors/upgrade.html", required_role=error.role.name, plans=plans), 403)


def show_stripe_unavailable(error: StripeUnavailable | StripeRejection) -> Response:
    """503: nothing was charged, try again."""
    logger.warning("Stripe could not be used: %s", error)
    _roll_back()
    response = _error_page(503, 503)
    response.headers["Retry-After"] = "30"
    return response


def _error_page(page: int, code: int) -> Response:
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return make_response(jsonify(error=code), code)
    return make_response(render_template(f"errors/{page}.html", code=code), code)


def _roll_back() -> None:
    """Leave no half-done transaction; the database itself may be what failed."""
    try:
        db.session.rollback()
    except SQLAlchemyError:
        logger.exception("The transaction could not be rolled back.")
