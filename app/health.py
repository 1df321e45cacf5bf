"""The probes: alive, and ready to serve."""

from time import perf_counter

from flask import Blueprint, abort, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.exc import SQLAlchemyError

from app.database_errors import driver_says, why_no_answer
from app.extensions import csrf, db, limiter
from app.proxies import plain_address
from app.signatures import timed_serializer

bp = Blueprint("health", __name__)
limiter.exempt(bp)
QUESTION_SECONDS = 60


@bp.get("/healthz")
def healthz() -> tuple[dict[str, str], int]:
    """Alive: the process answers."""
    return {"status": "ok"}, 200


@bp.post("/healthz/arrival")
@csrf.exempt
def arrival() -> tuple[dict[str, object], int]:
    """How a question of `flask billing check` gets here: by which proxies, and whether one waited for its body."""
    if not _is_question(request.headers.get("Authorization", "")):
        abort(404)
    began = perf_counter()
    request.get_data()
    forwarded = request.headers.get("X-Forwarded-For", "")
    by = [plain_address(part) for part in forwarded.split(",") if part.strip()]
    return {"forwarded": by, "waited": perf_counter() - began}, 200


def sign_question() -> str:
    """What shows that a question comes from this site's own commands."""
    return _questions().dumps("arrival")


def _is_question(authorization: str) -> bool:
    try:
        value = _questions().loads(authorization.removeprefix("Bearer "), max_age=QUESTION_SECONDS)
    except BadData:
        return False
    return bool(value == "arrival")


def _questions() -> URLSafeTimedSerializer:
    return timed_serializer("questions", "arrival")


@bp.get("/readyz")
def readyz() -> tuple[dict[str, str], int]:
    """Ready: the database answers and stands at the newest migration."""
    if reason := problem_of_the_database():
        return {"status": "unavailable", "reason": reason}, 503
    else:
        return {"status": "ok"}, 200


def problem_of_the_database() -> str | None:
    """Why nobody can work with it, in words for strangers; what the driver said goes to the log."""
    # Imported when first asked: the other pages do without Alembic.
    from alembic.runtime.migration import MigrationContext

    try:
        with db.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_heads()
    except SQLAlchemyError as error:
        current_app.logger.warning("Not ready: %s (%s).", why_no_answer(error), driver_says(error))
        return why_no_answer(error)
    is_newest = set(current) == set(_newest_migrations())
    return None if is_newest else "the database is not at the newest migration"


def _newest_migrations() -> list[str]:
    from alembic.script import ScriptDirectory

    config = current_app.extensions["migrate"].migrate.get_config()
    return ScriptDirectory.from_config(config).get_heads()
