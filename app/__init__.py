"""Perennial, a Flask SaaS subscription starter: the application factory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.billing.catalog.plans import Catalog
    from app.config.settings import Settings


def create_app(settings: Settings | None = None, catalog: Catalog | None = None) -> Flask:
    """Build the application from `settings`, or the environment, and `catalog`, or `app/catalog.py`.

    Raises `SettingsError` or `CatalogError`, each with every problem, when they cannot be used; under gunicorn its own
    exception with the same words, which it shows without a traceback.
    """
    from app.config.load import StartRefused

    try:
        return _create_app(settings, catalog)
    except StartRefused as error:
        gunicorn = sys.modules.get("gunicorn.errors")
        raise gunicorn.AppImportError(str(error)) if gunicorn else error from None


def _create_app(settings: Settings | None, catalog: Catalog | None) -> Flask:
    from app import (
        access,
        announcements,
        auth,
        blueprints,
        commands,
        database,
        errors,
        extensions,
        figures,
        logs,
        request_log,
        security,
        sentry,
        templating,
    )
    from app.billing.gateway import client as gateway
    from app.config.flask_config import flask_config
    from app.config.load import check_catalog, load_catalog, load_settings
    from app.webhook import door

    is_the_sites_own, catalog = catalog is None, catalog or load_catalog()
    check_catalog(catalog)
    settings = settings or load_settings(catalog)
    app = request_log.Site(
        __name__,
        instance_path=str(settings.instance_path),
        template_folder="../templates",
        static_folder="../static",
    )
    # Before any extension asks for it.
    app.jinja_environment = templating.PageEnvironment
    app.config.from_mapping(flask_config(settings))
    app.extensions["settings"] = settings
    app.extensions["catalog"] = catalog
    logs.configure_logging(settings)
    sentry.init_sentry(settings)
    extensions.init_extensions(app)
    database.init_engine(app)
    gateway.init_gateway(app, settings)
    door.init_door(app)
    security.init_security(app, settings)
    auth.init_auth(app)
    access.init_access(app)
    templating.init_templating(app)
    figures.init_figures(app)
    announcements.init_announcements(app)
    errors.register_error_handlers(app)
    blueprints.register_blueprints(app)
    if is_the_sites_own:
        # One that tests bring may know nothing of the names that the site's own views ask for.
        access.check_requirements(app, catalog)
    commands.register_commands(app)
    request_log.init_request_log(app, settings)
    return app
