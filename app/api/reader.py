"""Who asks: the owner of the token that a request carries, and nobody else, whatever its cookie says."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, Request, Response, g, request
from flask_limiter import RateLimitExceeded
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadRequest, HTTPException, TooManyRequests, UnsupportedMediaType

from app.access import UpgradeRequired, feature_required, recheck_lapsed_role
from app.api import PREFIX, bp, problems
from app.api.tokens import NOTED_EVERY, find_token, note_use
from app.auth.models import User
from app.auth.rate_limits import user_key
from app.auth.sessions import ignore_session, this_user
from app.database import db, utcnow
from app.extensions import csrf, limiter, login_manager, seconds_to_wait
from app.logs import add_facts

logger = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")

FEATURE = "api"
# For each user, over all of their tokens; a stranger's network counts as one.
LIMIT = "120 per minute"
PUBLIC = {"api.document"}


def init_api(app: Flask) -> None:
    """Let tokens in to the API alone, and have every error under its addresses told as a problem."""
    login_manager.request_loader(load_token_owner)
    app.after_request(tell_as_problem)


def load_token_owner(request: Request) -> User | None:
    """Whose token this request carries. It opens the API's addresses and no page."""
    given = request.authorization
    if request.blueprint != bp.name or given is None or given.type != "bearer":
        return None
    found = find_token(given.token or "")
    if found is None:
        return None
    g.api_token, owner = found
    if g.api_token.last_used_at is None or g.api_token.last_used_at < utcnow() - NOTED_EVERY:
        g.unnoted_token_id = g.api_token.id
    add_facts(user_id=owner.id, token_id=g.api_token.id)
    return owner


def scope_required(scope: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only tokens through that have this scope, of readers whose plan includes the API."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if scope not in g.api_token.scope_names:
                raise problems.Refusal(403, "insufficient_scope", f"This token lacks the scope {scope}.", scope=scope)
            return view(*args, **kwargs)

        return feature_required(FEATURE)(guarded)

    return decorate


@bp.url_value_preprocessor
def forget_cookie(endpoint: str | None, values: dict[str, object] | None) -> None:
    """A session is for pages: here it signs nobody in, so that no page elsewhere can have a browser act."""
    ignore_session()


@bp.before_request
def require_token() -> None:
    """Refuse who shows no token that works."""
    if request.endpoint in PUBLIC:
        return
    if current_user.is_authenticated:
        recheck_lapsed_role(this_user())
    elif request.authorization is None:
        raise problems.Refusal(401, "token_required", "Send a token: Authorization: Bearer …")
    else:
        raise problems.Refusal(401, "invalid_token", "This token does not work. It may have ended, or been revoked.")


@bp.before_request
def require_json() -> None:
    """Refuse a body that is no JSON, before anything is made of it."""
    if request.method in ("POST", "PATCH"):
        if not request.is_json:
            raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
        try:
            request.get_json()
        except (BadRequest, RecursionError):
            raise BadRequest("This is not JSON.") from None


@bp.after_request
def add_limit_headers(response: Response) -> Response:
    """Say how much room is left, and that nothing of this is for a cache."""
    if limit := limiter.current_limit:
        response.headers["X-RateLimit-Limit"] = str(limit.limit.amount)
        response.headers["X-RateLimit-Remaining"] = str(max(0, limit.remaining))
        response.headers["X-RateLimit-Reset"] = str(limit.reset_at)
        if response.status_code == TooManyRequests.code:
            response.headers["Retry-After"] = str(seconds_to_wait())
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.after_request
def note_token_use(response: Response) -> Response:
    """Write down, every few minutes, that this token is in use."""
    id = g.pop("unnoted_token_id", None)
    if id is not None and response.status_code < 500:
        # What the request has not committed by now, it does not want.
        db.session.rollback()
        try:
            note_use(id)
        except SQLAlchemyError:
            logger.warning("The use of a token could not be written down; the next request tries again.")
    return response


def tell_as_problem(response: Response) -> Response:
    """What the site answers for all addresses, such as one that leads nowhere, in the API's own form."""
    is_ours = request.path.startswith(f"{PREFIX}/") and response.status_code >= 400
    if not is_ours or response.mimetype == problems.MEDIA_TYPE:
        return response
    kept = {name: response.headers[name] for name in ("Allow", "Retry-After") if name in response.headers}
    return problems.problem(response.status_code, headers=kept)


csrf.exempt(bp)  # No cookie counts here, so there is nothing that a foreign page could make a browser do.
limiter.shared_limit(LIMIT, scope=bp.name, key_func=user_key)(bp)
bp.register_error_handler(problems.Refusal, problems.show_refusal)
bp.register_error_handler(UpgradeRequired, problems.show_upgrade)
bp.register_error_handler(HTTPException, problems.show_http_error)
bp.register_error_handler(RateLimitExceeded, problems.show_http_error)
