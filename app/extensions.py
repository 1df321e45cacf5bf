"""The Flask extensions, created unbound; `create_app` binds them."""

import time
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask_limiter import Limiter
from flask_login import LoginManager
from flask_wtf import CSRFProtect
from werkzeug.exceptions import BadRequest

from app.config.settings import ROOT
from app.database import db
from app.proxies import client_network

# The pages whose reading asks Stripe.
COUNTED_READS = frozenset({"account.index", "pricing.success"})

__all__ = ["csrf", "db", "init_extensions", "limiter", "login_manager", "seconds_to_wait"]


class MigrateWhenAsked:
    """Flask-Migrate in its place among the extensions, imported at the first question: no page needs Alembic."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        from flask_migrate import Migrate

        # Alembic's configuration takes a % for more than that.
        folder = "migrations" if Path.cwd() == ROOT else str(ROOT / "migrations").replace("%", "%%")
        Migrate(self._app, db, directory=folder, render_as_batch=True, compare_type=True)
        return getattr(self._app.extensions["migrate"], name)


login_manager = LoginManager()
csrf = CSRFProtect()
limiter = Limiter(key_func=client_network, headers_enabled=False)


def seconds_to_wait() -> int:
    """How long until the limit that was reached has room again, at most its window; a minute where none is known."""
    limit = limiter.current_limit
    if limit is None:
        return 60
    # What tells of the window's end is the whole second after it.
    return min(max(1, round(limit.reset_at - time.time())), limit.limit.get_expiry())


@limiter.request_filter
def only_reads() -> bool:
    """Whether no limit counts this request, which spares most pages a tenth of their time."""
    is_counted = request.endpoint in COUNTED_READS or request.blueprint == "api"
    return request.method in ("GET", "HEAD", "OPTIONS") and not is_counted


def refuse_nameless_fields() -> None:
    """Answer 400 to a form that no browser sends: whoever looks for a field by its name would stumble over it."""
    if request.mimetype == "multipart/form-data" and None in request.form:
        raise BadRequest


def init_extensions(app: Flask) -> None:
    """Bind every extension to this application."""
    from app import models  # noqa: F401  # Every table is known before a migration or a query asks.

    # Before the others, which read forms.
    app.before_request(refuse_nameless_fields)
    db.init_app(app)
    app.extensions["migrate"] = MigrateWhenAsked(app)
    # `templating` gives templates their reader only when asked: the page for 500 needs no database.
    login_manager.init_app(app, add_context_processor=False)
    csrf.init_app(app)
    limiter.init_app(app)
