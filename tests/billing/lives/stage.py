"""Where lives are lived: the site and Stripe with one subscriber, put back to the start in milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from sqlite3 import Connection
from typing import Any

import sqlalchemy as sa
from flask import Flask
from stripe_emulator import Emulator

from app.billing.catalog.plans import Plan, monthly
from app.billing.gateway.client import get_gateway
from app.billing.setup.push import push_catalogue
from app.database import db
from app.extensions import limiter
from tests.applications import empty_tables
from tests.catalogue import CATALOG, PRO, also_in
from tests.people import PASSWORD, Person
from tests.stripe_actions import Stripe

# What lives buy: what the other tests sell, and a plan by the seat.
TEAM = Plan("team", name="Team", role=PRO.key, prices=(monthly(1200, per_seat=True),))
WITH_SEATS = also_in("eur", 0.9, replace(CATALOG, plans=(*CATALOG.plans, TEAM)))
# A code for a share of the price, each time or once, and one for all of it.
CODES = {"QUARTER": (25, "forever"), "ONCE": (50, "once"), "FREE": (100, "once")}
ADD_ONS = {("month", 1): 1000, ("year", 1): 9900, ("month", 3): 2700}
COUPONS: dict[str, dict[str, Any]] = {
    "third_for_good": {"percent_off": 33, "duration": "forever"},
    "two_dollars_twice": {"amount_off": 200, "currency": "usd", "duration": "repeating", "duration_in_months": 2},
    "half_of_pro": {"percent_off": 50, "duration": "forever", "applies_to": {"products": ["shop_pro"]}},
}
# What Stripe does by itself after real seconds waits for the clock to be moved: the life decides what comes when.
LATER = dict.fromkeys(("sepa_settle_seconds", "dispute_decides_seconds", "refund_pending_seconds"), 3600)


@dataclass(frozen=True)
class Stage:
    """Everything as it was before a life began."""

    people: Mapping[str, Person]
    emulator: Emulator
    saved: Connection
    rows: Mapping[sa.Table, list[dict[str, Any]]]
    # Prices of add-ons by what they go with, those by the quarter, and coupons: of nobody's catalogue.
    add_ons: Mapping[tuple[str, int], str]
    quarters: Mapping[int, str]
    coupons: Mapping[str, str]

    @classmethod
    def set(cls, apps: Mapping[str, Flask], emulator: Emulator) -> "Stage":
        """Sign alice up on these applications, which share a database; nothing has happened yet."""
        limiter.reset()
        people: dict[str, Person] = {}
        for name, app in apps.items():
            people[name] = _sign_in(app) if people else Person.sign_up(app, "alice@example.com")
        seller = people[next(iter(people))].app
        with seller.app_context():
            push_catalogue(get_gateway(), seller.extensions["settings"])
        stripe = Stripe(emulator)
        for code, (percent, duration) in CODES.items():
            coupon = stripe.v1.coupons.create({"percent_off": percent, "duration": duration}).id
            stripe.v1.promotion_codes.create({"code": code, "promotion": {"type": "coupon", "coupon": coupon}})
        add_ons = {every: _price(stripe, amount, *every) for every, amount in ADD_ONS.items()}
        quarters = {amount: _price(stripe, amount, "month", 3) for amount in (7800,)}
        coupons = {name: stripe.v1.coupons.create(terms).id for name, terms in COUPONS.items()}
        emulator.configure(**LATER)
        with seller.app_context():
            tables = db.metadata.sorted_tables
            rows = {table: [dict(row._mapping) for row in db.session.execute(table.select())] for table in tables}
        return cls(people, emulator, emulator.save(), rows, add_ons, quarters, coupons)

    def begin(self) -> None:
        """Put everything back."""
        self.emulator.restore(self.saved)
        limiter.reset()
        with next(iter(self.people.values())).app.app_context():
            empty_tables()
            for table, rows in self.rows.items():
                if rows:
                    db.session.execute(table.insert(), rows)
            db.session.commit()


def _price(stripe: Stripe, amount: int, interval: str, interval_count: int) -> str:
    recurring = {"interval": interval, "interval_count": interval_count}
    params = {"product_data": {"name": "Storage"}, "currency": "usd", "unit_amount": amount, "recurring": recurring}
    also = {"currency_options": {"eur": {"unit_amount": amount // 2}}}
    return str(stripe.v1.prices.create({**params, **also}).id)


def _sign_in(app: Flask) -> Person:
    person = Person(app, app.test_client(), "alice@example.com")
    assert person.post("/login", page="/login", email=person.email, password=PASSWORD).status_code == 303
    return person
