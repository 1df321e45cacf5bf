"""Every set of pages that the hosted app serves."""

from flask import Flask

from stripe_emulator.hosted import (
    authentication,
    brand,
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
    pages = (checkout, payment_links, authentication, portal, portal_login, invoices, receipts, oauth, dashboard, brand)
    for part in pages:
        app.register_blueprint(part.bp)
