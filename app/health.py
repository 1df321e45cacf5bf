"""The probes: alive, and ready to serve."""

from flask import Blueprint, current_app
from sqlalchemy.exc import SQLAlchemyError

from app.database_errors import driver_says, why_no_answer
from app.extensions import db, limiter

bp = Blueprint("health", __name__)
limiter.exempt(bp)


@bp.get("/healthz")
def healthz() -> tuple[dict[str, str], int]:
    """Alive: the process answers."""
    return {"status": "ok"}, 200


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
