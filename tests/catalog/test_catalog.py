"""Whatever `app/catalog.py` sells: it can be bought, gives what it says, and is shown at its price.

A fork changes that file and leaves this one alone; nothing here names a plan, a role or a price.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from markupsafe import escape
from stripe_emulator import Emulator

from app.access import check_requirements, feature_required
from app.billing.catalog.checks import problems_with_catalog
from app.billing.catalog.plans import Catalog, Plan, Price
from app.billing.gateway.client import get_gateway
from app.billing.models.payments import Order
from app.billing.models.stripe import StripeEvent
from app.billing.setup.push import push_catalogue
from app.catalog import CATALOG
from app.config.load import CatalogError
from app.database import db
from app.templating import money
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in

ON_SALE = [
    pytest.param(plan, price, id=price.lookup_key.removeprefix(f"{CATALOG.slug}_"))
    for plan in CATALOG.sold_plans
    for price in plan.prices
]


def test_the_catalogue_has_no_problem() -> None:
    assert problems_with_catalog(CATALOG) == []


def test_views_ask_only_for_what_the_catalogue_has(app: Flask) -> None:
    check_requirements(app, CATALOG)


def test_a_view_that_asks_for_something_else_stops_the_start(app: Flask) -> None:
    @feature_required("teleportation")
    def view() -> str:
        return ""

    other = Flask("other")
    other.add_url_rule("/", "beam", view)

    with pytest.raises(CatalogError, match="beam requires the feature 'teleportation', which the catalogue does not"):
        check_requirements(other, CATALOG)


@pytest.mark.parametrize("keys", ["roles", "ranks", "plans", "lookup keys", "settings"])
def test_no_two_share_a_key(keys: str) -> None:
    found = {
        "roles": [role.key for role in CATALOG.roles],
        "ranks": [role.rank for role in CATALOG.roles],
        "plans": [plan.key for plan in CATALOG.plans],
        "lookup keys": [price.lookup_key for price in CATALOG.prices],
        "settings": [price.setting for price in CATALOG.prices],
    }[keys]

    assert len(set(found)) == len(found)


def test_every_plan_gives_a_role_that_exists() -> None:
    assert {plan.role for plan in CATALOG.plans} <= {role.key for role in CATALOG.roles}


@pytest.mark.parametrize(("plan", "price"), ON_SALE)
def test_what_is_on_sale_can_be_bought_and_gives_what_it_says(
    site: str, alice: Person, at_stripe: Stripe, emulator: Emulator, user_of: Callable, plan: Plan, price: Price
) -> None:
    seats = 3 if price.per_seat else 1

    session_id = session_id_in(alice.buy(plan.key, price.interval or "month", seats=str(seats)).location)
    at_stripe.pay(session_id)
    emulator.wait_until_idle()

    assert alice.get(f"/checkout/success?session_id={session_id}").status_code == 200
    assert alice.get("/account").status_code == 200
    with alice.app.app_context():
        order = db.session.scalars(db.select(Order)).one()
        assert (order.state, order.plan_key, order.seats) == ("fulfilled", plan.key, seats)
        assert (order.amount, order.currency) == (price.amount * seats, price.currency)
        assert "failed" not in set(db.session.scalars(db.select(StripeEvent.outcome)))
        user = user_of(alice.email)
        assert (user.role, user.has_role(plan.role)) == (plan.role, True)
        assert {feature for feature in CATALOG.features if user.can(feature)} == set(plan.features)
        assert {name: user.limit(name) for name in CATALOG.limits} == {
            name: plan.limits.get(name) for name in CATALOG.limits
        }


@pytest.mark.parametrize(("plan", "price"), ON_SALE)
def test_the_pricing_page_shows_what_is_on_sale_at_its_price(app: Flask, plan: Plan, price: Price) -> None:
    page = app.test_client().get(f"/pricing?interval={price.interval or 'month'}")

    assert page.status_code == 200
    assert str(escape(plan.name)) in page.text
    assert money(price.amount, price.currency) in page.text
    assert f"/checkout/{plan.key}" in page.text


def test_what_is_not_on_sale_is_neither_shown_nor_sold(app: Flask, alice: Person) -> None:
    pages = [app.test_client().get(f"/pricing?interval={interval}").text for interval in ("month", "year")]

    for plan in CATALOG.plans:
        if plan not in CATALOG.sold_plans:
            assert alice.post(f"/checkout/{plan.key}").status_code == 404
            assert not [page for page in pages if f"/checkout/{plan.key}" in page]


def test_who_has_paid_for_nothing_has_what_the_free_plan_gives(alice: Person, user_of: Callable) -> None:
    free = CATALOG.free_plan

    with alice.app.app_context():
        user = user_of(alice.email)
        assert user.role == CATALOG.lowest_role.key
        assert {feature for feature in CATALOG.features if user.can(feature)} == set(free.features if free else ())
        assert [user.limit(name) for name in CATALOG.limits] == [
            free.limits.get(name) if free else 0 for name in CATALOG.limits
        ]


def test_a_second_push_changes_nothing(app: Flask, catalogue: None) -> None:
    with app.app_context():
        again = push_catalogue(get_gateway(), app.extensions["settings"])

    assert again.lines
    assert not [line for line in again.lines if not line.startswith("unchanged")]


def test_the_site_works_with_nothing_on_sale(deploy: Callable[[Catalog], Flask], alice: Person) -> None:
    nothing_to_buy = replace(CATALOG, plans=tuple(plan for plan in CATALOG.plans if plan.is_free))

    alice = alice.on(deploy(nothing_to_buy))

    assert alice.role == CATALOG.lowest_role.key
    for page in ("/", "/pricing", "/pricing?interval=year", "/account", "/dashboard"):
        assert alice.get(page).status_code == 200, page
