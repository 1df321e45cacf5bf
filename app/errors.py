"""Errors as pages of the site, each with a next step."""

import logging
from collections.abc import Sequence

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from flask_limiter import RateLimitExceeded
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from app.access import UpgradeRequired
from app.billing.catalog.plans import Catalog, Plan, Price, current_catalog
from app.billing.errors import (
    BilledInOtherCurrency,
    PriceDrift,
    StripeMisconfigured,
    StripeRejection,
    StripeUnavailable,
)
from app.billing.gateway.account import known_scope
from app.billing.gateway.connection import note_turning_away
from app.billing.subscriptions.lookup import billed_currency
from app.database import db
from app.database_errors import driver_says, is_away, why_no_answer
from app.extensions import seconds_to_wait
from app.request_log import note_security


def show_too_many(error: RateLimitExceeded) -> Response:
    """The 429 page, saying when to come back."""
    response = show_http_error(error)
    response.headers["Retry-After"] = str(seconds_to_wait())
    return response


def init_limits(app: Flask) -> None:
    """Answer a limit that is reached with the 429 page and Retry-After."""
    app.register_error_handler(RateLimitExceeded, show_too_many)


logger = logging.getLogger(__name__)
TOLD = {403: "forbidden", 429: "too_many"}
PAGES = {400, 403, 404, 405, 413, 429, 500, 503}


def register_error_handlers(app: Flask) -> None:
    """Answer every error with a page, and every failed request with a rolled-back transaction."""
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(UpgradeRequired, show_upgrade)
    app.register_error_handler(StripeUnavailable, show_stripe_unavailable)
    app.register_error_handler(StripeRejection, show_stripe_unavailable)
    app.register_error_handler(BilledInOtherCurrency, show_other_currency)
    app.register_error_handler(SQLAlchemyError, show_database_away)


def show_http_error(error: HTTPException) -> Response:
    """The page of this status; statuses without a page of their own borrow the nearest."""
    code = error.code or 500
    if code < 400:
        return make_response(error.get_response())
    if isinstance(error, InternalServerError):
        _roll_back()
    if code in TOLD:
        note_security(TOLD[code])
    response = _error_page(_page_for(error, code), code)
    for name, value in error.get_response().headers.items():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _page_for(error: HTTPException, code: int) -> int | str:
    if isinstance(error, ServiceUnavailable):
        # The page of that number is about Stripe.
        return "busy"
    elif code in PAGES:
        return code
    else:
        return 500 if code >= 500 else 400


def show_csrf_error(error: CSRFError) -> Response:
    """A form that was open too long, or was not ours."""
    response = _error_page(400, 400, reason="expired_form")
    # Only now is it known who the reader is.
    note_security("form_token_refused", reason=error.description)
    return response


def show_upgrade(error: UpgradeRequired) -> Response:
    """403 with what is missing, the plans that give it, and what they cost today."""
    catalog = current_catalog()
    name, plans = _missing(catalog, error)
    note_security(TOLD[403], reason=f"{error.kind} {error.name}")
    if _prefers_json():
        return make_response(jsonify(error=upgrade_error(error)), 403)
    page = render_template("errors/upgrade.html", kind=error.kind, name=name, plans=plans)
    return make_response(page, 403)


def upgrade_error(error: UpgradeRequired) -> dict[str, object]:
    """What is missing and the plans that give it, for programs; amounts in minor units."""
    _, plans = _missing(current_catalog(), error)
    offers = [
        {"key": plan.key, "name": plan.name, "prices": [_offer(price) for price in plan.prices]} for plan in plans
    ]
    return {"code": "upgrade_required", error.kind: error.name, "plans": offers}


def _missing(catalog: Catalog, error: UpgradeRequired) -> tuple[str, Sequence[Plan]]:
    """What is missing, in words, and the plans on sale that have it, with prices in the reader's currency."""
    name, plans = _missing_of(catalog, error)
    currency = _currency_of_reader() if len(catalog.currencies) > 1 else None
    return name, [plan.in_currency(currency) for plan in plans]


def _currency_of_reader() -> str | None:
    """The one that the reader is billed in, or the one that the site sells in; None where it is theirs to choose."""
    scope = known_scope() if current_user.is_authenticated else None
    billed = billed_currency(current_user, scope) if scope else None
    only: str = current_app.extensions["settings"].currency
    return billed or only or None


def _missing_of(catalog: Catalog, error: UpgradeRequired) -> tuple[str, Sequence[Plan]]:
    if error.kind == "role":
        role = catalog.role(error.name)
        return role.name, catalog.plans_giving(role)
    elif error.kind == "feature":
        plans = [plan for plan in catalog.sold_plans if error.name in plan.features]
        return catalog.features.get(error.name, error.name), plans
    else:
        mine = current_user.limit(error.name)
        plans = [plan for plan in catalog.sold_plans if _is_more(plan.limits.get(error.name), mine)]
        return catalog.limits.get(error.name, error.name), plans


def _is_more(offered: int | None, mine: int | None) -> bool:
    return mine is not None and (offered is None or offered > mine)


def _offer(price: Price) -> dict[str, object]:
    return {
        "amount": price.amount,
        "currency": price.currency,
        "interval": price.interval,
        "per_seat": price.per_seat,
    }


def show_stripe_unavailable(error: StripeUnavailable | StripeRejection) -> Response:
    """503, and nothing was charged: try again, or, where that will not help, the operator is told."""
    _roll_back()
    is_outage = isinstance(error, StripeUnavailable) and not isinstance(error, StripeMisconfigured)
    logger.warning("Stripe could not be used: %s", error)
    if not is_outage and not isinstance(error, PriceDrift):
        # Of a price that differs the operator was told where it was found.
        note_turning_away(error)
    response = _error_page(503, 503, is_outage=is_outage)
    if is_outage:
        response.headers["Retry-After"] = "30"
    return response


def show_other_currency(error: BilledInOtherCurrency) -> Response:
    """409 with what the plan costs in the currency that the buyer is billed in, or else word to the operator."""
    catalog, only = current_catalog(), current_app.extensions["settings"].currency
    plan = catalog.plan(error.plan_key)
    wanted = next((price for price in plan.prices if price.interval == error.interval), None) if plan else None
    price = wanted.in_currency(error.currency) if wanted and only in ("", error.currency) else None
    if price is None:
        note_turning_away(error)
    sold = [only] if only else list(catalog.currencies)
    return _error_page("currency", 409, error=error, plan=plan, price=price, sold=sold)


def show_database_away(error: SQLAlchemyError) -> Response:
    """503 and a line while the database is away; any other error of its is a mistake of ours, and stays one."""
    if not is_away(error):
        raise error
    _roll_back()
    logger.warning("%s (%s).", why_no_answer(error), driver_says(error))
    response = _error_page(500, 503)
    response.headers["Retry-After"] = "5"
    return response


def _error_page(page: int | str, code: int, **context: object) -> Response:
    if _prefers_json():
        return make_response(jsonify(error=code), code)
    return make_response(render_template(f"errors/{page}.html", code=code, **context), code)


def _prefers_json() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def _roll_back() -> None:
    """Leave no half-done transaction; the database itself may be what failed."""
    try:
        db.session.rollback()
    except SQLAlchemyError:
        logger.exception("The transaction could not be rolled back.")
