"""Every set of pages that the hosted app serves."""

from flask import Flask

from stripe_emulator.hosted import (
    authentication,
    checkout,
    dashboard,
    invoices,
    oauth,
    payment_links,
    portal,
    portal_login,
    receipts,
)


def init_app(app: Flask) -> None:
    """Register the blueprints."""
    for part in (checkout, payment_links, authentication, portal, portal_login, invoices, receipts, oauth, dashboard):
        app.register_blueprint(part.bp)
