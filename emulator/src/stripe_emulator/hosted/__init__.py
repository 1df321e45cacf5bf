"""The pages people see: Checkout, portal, invoices, OAuth and the dashboard, as one Flask app."""

from flask import Flask

from stripe_emulator.hosted import (
    blueprints,
    brand,
    errors,
    security,
    templating,
)
from stripe_emulator.state.store import Store

__all__ = ["create_hosted_app"]

MAX_FORM_BYTES = 64 * 1024
A_YEAR = 365 * 24 * 3600


def create_hosted_app(store: Store) -> Flask:
    """Return the WSGI application that serves everything outside `/v1`."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    # Addresses of static files change with the files, so a browser may keep them.
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = A_YEAR
    app.extensions["stripe_emulator"] = store
    templating.init_app(app)
    security.init_app(app)
    errors.init_app(app)
    brand.init_app(app)
    blueprints.init_app(app)
    return app
