"""The Flask extensions, created unbound; `create_app` binds them."""

from typing import Any

from flask import Flask
from flask_login import LoginManager
from flask_wtf import CSRFProtect

from app.database import db
from app.rate_limiter import RateLimiter

__all__ = ["csrf", "db", "init_extensions", "limiter", "login_manager"]


class MigrateWhenAsked:
    """Flask-Migrate in its place among the extensions, imported at the first question: no page needs Alembic.

    Importing it would be a seventh of the start (`benchmarks/`).
    """

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        from flask_migrate import Migrate

        Migrate(self._app, db, directory="migrations", render_as_batch=True, compare_type=True)
        return getattr(self._app.extensions["migrate"], name)


login_manager = LoginManager()
csrf = CSRFProtect()
limiter = RateLimiter()


def init_extensions(app: Flask) -> None:
    """Bind every extension to this application."""
    from app import models  # noqa: F401  # Every table is known before a migration or a query asks.

    db.init_app(app)
    app.extensions["migrate"] = MigrateWhenAsked(app)
    # `templating` gives templates their reader only when asked: the page for 500 needs no database.
    login_manager.init_app(app, add_context_processor=False)
    csrf.init_app(app)
    limiter.init_app(app)
