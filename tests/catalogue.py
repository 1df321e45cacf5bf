"""What the tests sell: a catalogue of their own, so that a fork may change `app/catalog.py` as it likes."""

from dataclasses import replace

from flask import Flask

import app
from app.billing.catalog.plans import Catalog, Plan, Price, Role, monthly, once, yearly

FREE = Role("free", name="Free", rank=0)
BASIC = Role("basic", name="Basic", rank=10)
PRO = Role("pro", name="Pro", rank=20)

CATALOG = Catalog(
    slug="shop",
    currency="usd",
    roles=(FREE, BASIC, PRO),
    features={"exports": "CSV export", "api": "API"},
    limits={"entries": "entries", "api_tokens": "API tokens"},
    plans=(
        Plan("free", name="Free", role="free", tagline="For a look around.", limits={"entries": 1, "api_tokens": 0}),
        Plan(
            "basic",
            name="Basic",
            role="basic",
            tagline="For getting started.",
            highlights=("The Basic dashboard",),
            features=("api",),
            limits={"entries": 3, "api_tokens": 1},
            prices=(monthly(900), yearly(9000)),
        ),
        Plan(
            "pro",
            name="Pro",
            role="pro",
            tagline="For every day.",
            highlights=("Everything in Basic",),
            features=("exports", "api"),
            prices=(monthly(2900), yearly(29000)),
            is_recommended=True,
        ),
        Plan(
            "lifetime",
            name="Lifetime",
            role="pro",
            tagline="Pay once, keep Pro for good.",
            highlights=("Everything in Pro",),
            features=("exports", "api"),
            prices=(once(19900),),
        ),
    ),
)


def create_app() -> Flask:
    """The site with what the tests sell, for a server of its own: `gunicorn "tests.catalogue:create_app()"`."""
    return app.create_app(catalog=CATALOG)


def also_in(currency: str, share: float = 0.9, catalog: Catalog = CATALOG) -> Catalog:
    """The same catalogue, which is sold in another currency too: for this share of each amount, as whole units."""

    def with_option(price: Price) -> Price:
        return replace(price, currency_options={**price.currency_options, currency: round(price.amount * share)})

    plans = (replace(plan, prices=tuple(map(with_option, plan.prices))) for plan in catalog.plans)
    return replace(catalog, plans=tuple(plans))
