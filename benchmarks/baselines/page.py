"""What the product's templates need to be rendered by a bare Flask application."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Flask

from app.catalog import CATALOG
from app.config.load import load_catalog
from app.figures import init_figures
from app.languages.pages import init_languages
from app.templating import FILTERS

ENDPOINTS = {
    "pricing.landing": "/",
    "pricing.index": "/pricing",
    "pricing.start": "/checkout/<plan>",
    "auth.login": "/login",
    "auth.logout": "/logout",
    "auth.signup": "/signup",
    "auth.resend_verification": "/verify-email",
    "account.index": "/account",
    "dashboard.index": "/dashboard",
    "dashboard.add_entry": "/dashboard",
    "dashboard.edit_entry": "/dashboard/entries/<entry_id>",
    "dashboard.import_entries": "/dashboard/import",
    "dashboard.export_entries": "/dashboard/entries.csv",
    "dashboard.for_role": "/dashboard/<role>",
    "legal.manifest": "/site.webmanifest",
    "legal.terms": "/terms",
    "legal.privacy": "/privacy",
}


def bare_flask(name: str) -> Flask:
    """Flask, Jinja, the product's templates and addresses; no extension, no hook, no header."""
    app = Flask(name, template_folder="../../templates", static_folder="../../static")
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(
        app_name="Perennial",
        catalog=CATALOG,
        support_email="hello@example.com",
        canonical_url=lambda path="/": f"http://127.0.0.1{path}",
        checkout_csrf_token=lambda: "token",
        nav_current=lambda *_: False,
        endpoint_exists=lambda _: False,
        open_problem=lambda: None,
        announcement=lambda: None,
    )
    init_figures(app)
    app.extensions |= {"catalog": load_catalog(), "settings": SimpleNamespace(trial_days=0, language_codes=["en"])}
    init_languages(app)
    for endpoint, rule in ENDPOINTS.items():
        app.add_url_rule(rule, endpoint, methods=["GET", "POST"])
    return app


class Visitor:
    """Nobody."""

    is_authenticated = False


def create_app() -> Flask:
    """The landing page and the pricing page, with everything that they show at hand."""
    from flask import render_template

    from app.billing.catalog.plans import Interval
    from app.dashboard.product.example import example_entries, example_figures
    from app.database import utcnow
    from app.pricing.example import example_life
    from app.pricing.presenters import months_free, plan_views

    app = bare_flask(__name__)
    app.jinja_env.globals["current_user"] = Visitor()
    with app.app_context():
        plans: list[Any] = plan_views(Interval.MONTH)
        free = months_free()
    intervals, today, currency = list(Interval), utcnow().date(), CATALOG.currency
    recommended = next((plan for plan in plans if plan.is_recommended), plans[0])
    life, shown, entries = (
        example_life(recommended, today),
        example_figures(today, currency),
        example_entries(today, currency),
    )
    app.view_functions["pricing.landing"] = lambda: render_template(
        "pricing/landing.html",
        plans=plans,
        currency=currency,
        intervals=intervals,
        life=life,
        shown=shown,
        entries=entries,
    )
    app.view_functions["pricing.index"] = lambda: render_template(
        "pricing/index.html",
        interval="month",
        intervals=intervals,
        currency=currency,
        currencies=(),
        plans=plans,
        has_subscription=False,
        months_free=free,
    )
    return app
