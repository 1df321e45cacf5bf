"""The probes: alive, and ready to serve."""

from flask import Blueprint, current_app
from sqlalchemy.exc import SQLAlchemyError

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
    # Imported when first asked: the other pages do without Alembic.
    from alembic.runtime.migration import MigrationContext

    try:
        with db.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_heads()
    except SQLAlchemyError:
        current_app.logger.warning("The database does not answer.")
        return {"status": "unavailable", "reason": "the database does not answer"}, 503
    if set(current) == set(_newest_migrations()):
        return {"status": "ok"}, 200
    else:
        return {"status": "unavailable", "reason": "the database is not at the newest migration"}, 503


def _newest_migrations() -> list[str]:
    from alembic.script import ScriptDirectory

    config = current_app.extensions["migrate"].migrate.get_config()
    return ScriptDirectory.from_config(config).get_heads()
