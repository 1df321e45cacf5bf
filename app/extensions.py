"""The Flask extensions, created unbound; `create_app` binds them."""

from typing import Any

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_wtf import CSRFProtect

from app.database import db

__all__ = ["csrf", "db", "init_extensions", "limiter", "login_manager"]


class ViewLimiter(Limiter):
    """Checks the views that are decorated with a limit, as they are called; there is no limit for all the others."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        # Before each request, Flask-Limiter would look for limits of the application or a blueprint.
        if not in_middleware:
            super()._check_request_limit(callable_name, in_middleware)


class MigrateWhenAsked:
    """Flask-Migrate in its place among the extensions, imported at the first question: no page needs Alembic."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        from flask_migrate import Migrate

        Migrate(self._app, db, directory="migrations", render_as_batch=True, compare_type=True)
        return getattr(self._app.extensions["migrate"], name)


login_manager = LoginManager()
csrf = CSRFProtect()
limiter = ViewLimiter(key_func=get_remote_address, headers_enabled=False)


def init_extensions(app: Flask) -> None:
    """Bind every extension to this application."""
    from app import models  # noqa: F401  # Every table is known before a migration or a query asks.

    db.init_app(app)
    app.extensions["migrate"] = MigrateWhenAsked(app)
    # `templating` gives templates their reader only when asked: the page for 500 needs no database.
    login_manager.init_app(app, add_context_processor=False)
    csrf.init_app(app)
    limiter.init_app(app)
