"""Perennial, a Flask SaaS subscription starter: the application factory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from app.collector import made_to_last

if TYPE_CHECKING:
    from app.config.settings import Settings


@made_to_last()
def create_app(settings: Settings | None = None) -> Flask:
    """Build the application from `settings`, or from the environment; raise `SettingsError` if they are unusable."""
    from app import (
        access,
        auth,
        blueprints,
        commands,
        database,
        errors,
        extensions,
        logs,
        security,
        templating,
    )
    from app.billing.gateway import client as gateway
    from app.config.flask_config import flask_config
    from app.config.load import load_settings

    settings = settings or load_settings()
    app = Flask(
        __name__,
        instance_path=str(settings.instance_path),
        template_folder="../templates",
        static_folder="../static",
    )
    app.config.from_mapping(flask_config(settings))
    app.extensions["settings"] = settings
    logs.configure_logging(app, settings)
    extensions.init_extensions(app)
    database.init_engine(app)
    gateway.init_gateway(app, settings)
    security.init_security(app, settings)
    auth.init_auth(app)
    access.init_access(app)
    templating.init_templating(app)
    errors.register_error_handlers(app)
    blueprints.register_blueprints(app)
    commands.register_commands(app)
    return app
