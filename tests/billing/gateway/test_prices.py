"""What is shown is what is charged: at a price that Stripe has otherwise, nothing is sold."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.billing.catalog.plans import Catalog, Plan, monthly
from app.billing.gateway.client import get_gateway
from app.billing.models.payments import Order
from app.billing.models.stripe import StripeEvent
from app.billing.setup.push import push_catalogue
from app.database import db
from app.mail.outbox import OutboxMail
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.catalogue import CATALOG
from tests.people import Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")
Deploy = Callable[..., Flask]
MONTH = {"interval": "month"}


def with_pro_at(amount: int) -> Catalog:
    """The tests' catalogue with another monthly price for Pro."""

    def changed(plan: Plan) -> Plan:
        return dataclasses.replace(plan, prices=(monthly(amount),)) if plan.key == "pro" else plan

    return dataclasses.replace(CATALOG, plans=tuple(changed(plan) for plan in CATALOG.plans))


def replace_price(at_stripe: Stripe, **params: Any) -> str:
    """Do in Stripe's dashboard what gives Pro's lookup key to another price; its id."""
    found = at_stripe.v1.prices.retrieve(at_stripe.price("shop_pro_month"))
    wanted = {"product": found.product, "currency": "usd", "unit_amount": 2900, "recurring": MONTH, **params}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    new = at_stripe.v1.prices.create({**wanted, "lookup_key": "shop_pro_month", "transfer_lookup_key": True})
    at_stripe.v1.prices.update(found.id, {"active": False})
    return str(new.id)


@pytest.fixture
def admin(app: Flask) -> Person:
    person = Person.sign_up(app, "admin@example.com")
    person.become_admin()
    return person


@pytest.fixture
def between(app: Flask) -> Iterator[MisbehavingStripe]:
    """What counts the requests between the site and the emulator."""
    with MisbehavingStripe(app.extensions["settings"].stripe_base) as proxy:
        yield proxy


def expect_refused(answer: TestResponse, person: Person) -> None:
    """The 503 page, and nothing half-made."""
    assert answer.status_code == 503
    assert "You haven&#39;t been charged" in answer.text or "You haven't been charged" in answer.text
    with person.app.app_context():
        assert db.session.scalar(db.select(db.func.count()).select_from(Order)) == 0


def test_new_price_that_is_not_pushed_yet_sells_nothing(deploy: Deploy, at_stripe: Stripe) -> None:
    """The order of an impatient deployment: shown $39, and Stripe would charge $29."""
    alice = Person.sign_up(deploy(with_pro_at(3900), push=False), "alice@example.com")

    expect_refused(alice.buy("pro"), alice)

    assert at_stripe.v1.checkout.sessions.list({}).data == []


def test_once_the_new_price_is_pushed_it_sells_without_a_restart(
    deploy: Deploy, app_selling: Callable[[Catalog], Flask], at_stripe: Stripe
) -> None:
    site = deploy(with_pro_at(3900), push=False)
    alice = Person.sign_up(site, "alice@example.com")
    assert alice.buy("pro").status_code == 503
    # As the release's own process does it: this one's memory is not touched.
    with app_selling(with_pro_at(3900)).app_context():
        push_catalogue(get_gateway(), site.extensions["settings"])

    answer = alice.buy("pro")

    assert at_stripe.session(session_id_in(answer.location))["amount_total"] == 3900


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit_amount": 2800}, "charges 2800 usd a month in Stripe; the catalogue says 2900 usd a month"),
        ({"currency": "eur"}, "charges 2900 eur a month in Stripe; the catalogue says 2900 usd a month"),
        (
            {"recurring": {"interval": "month", "interval_count": 3}},
            "charges 2900 usd every 3 months in Stripe; the catalogue says 2900 usd a month",
        ),
        ({"recurring": {"interval": "year"}}, "charges 2900 usd a year in Stripe; the catalogue says 2900 usd a month"),
        ({"recurring": None}, "charges 2900 usd once in Stripe; the catalogue says 2900 usd a month"),
        (
            {
                "unit_amount": None,
                "billing_scheme": "tiered",
                "tiers_mode": "graduated",
                "tiers": [{"up_to": "inf", "unit_amount": 2900}],
            },
            "is not one amount per unit in Stripe",
        ),
        ({"transform_quantity": {"divide_by": 5, "round": "up"}}, "is not one amount per unit in Stripe"),
    ],
    ids=["amount", "currency", "interval count", "interval", "once", "tiers", "packages"],
)
@pytest.mark.needs("app/admin")
def test_price_that_charges_something_else_sells_nothing_and_the_operator_is_told_what(
    alice: Person, admin: Person, at_stripe: Stripe, caplog, change: Json, words: str
) -> None:
    at_stripe.mute()
    replace_price(at_stripe, **change)

    expect_refused(alice.buy("pro"), alice)

    [error] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert f"Nothing is sold at the price shop_pro_month, which {words}" in error.getMessage()
    assert "run `flask billing push`" in error.getMessage()
    assert words in admin.get("/admin/").text
    assert words in admin.app.test_cli_runner().invoke(args=["billing", "status"]).output


def test_operator_gets_one_mail_about_a_price_however_many_press_its_button(app_with, at_stripe: Stripe) -> None:
    at_stripe.v1.products.update("shop_pro", {"active": False})
    site = app_with(operator_email="ops@example.org")
    alice, bob = (Person.sign_up(site, f"{name}@example.com") for name in ("alice", "bob"))

    alice.buy("pro")
    bob.buy("pro")

    with site.app_context():
        [mail] = db.session.scalars(db.select(OutboxMail).where(OutboxMail.template == "operator_alert"))
    assert "run `flask billing push`" in mail.context["message"]


@pytest.mark.needs("app/admin")
def test_archived_price_and_archived_product_sell_nothing(alice: Person, admin: Person, at_stripe: Stripe) -> None:
    at_stripe.mute()
    price = at_stripe.v1.prices.retrieve(at_stripe.price("shop_pro_month"))

    at_stripe.v1.products.update(price.product, {"active": False})
    expect_refused(alice.buy("pro"), alice)
    shown = admin.get("/admin/").text
    at_stripe.v1.products.update(price.product, {"active": True})
    at_stripe.v1.prices.update(price.id, {"active": False})
    expect_refused(alice.buy("pro"), alice)

    assert "is of a product that is archived in Stripe (shop_pro)" in shown
    assert f"is archived in Stripe ({price.id})" in admin.get("/admin/").text


@pytest.mark.needs("app/admin")
def test_other_plans_are_sold_meanwhile_and_the_overview_is_clear_once_it_is_put_right(
    alice: Person, admin: Person, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    at_stripe.v1.products.update("shop_pro", {"active": False})
    alice.buy("pro")

    basic = alice.buy("basic")
    at_stripe.v1.products.update("shop_pro", {"active": True})
    pro = alice.buy("pro")

    assert (basic.status_code, pro.status_code) == (303, 303)
    assert "Nothing is sold" not in admin.get("/admin/").text


def test_price_replaced_in_the_dashboard_by_one_that_charges_the_same_is_sold_at_once(
    alice: Person, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    alice.buy("pro")
    alice.buy("basic")
    new = replace_price(at_stripe)

    answer = alice.buy("pro")

    items = at_stripe.v1.checkout.sessions.line_items.list(session_id_in(answer.location)).data
    assert [item.price.id for item in items] == [new]


def test_second_sale_asks_stripe_nothing_about_the_price(
    app_with, at_stripe: Stripe, between: MisbehavingStripe
) -> None:
    site = app_with(stripe_api_base=between.url)
    alice, bob = (Person.sign_up(site, f"{name}@example.com") for name in ("alice", "bob"))
    alice.buy("pro")
    between.requests.clear()

    bob.buy("pro")

    assert not [path for _, path in between.requests if path.startswith("/v1/prices")]


@pytest.mark.parametrize("kind", ["price.updated", "product.updated"])
def test_event_about_a_price_or_product_has_it_looked_up_again(
    app: Flask, alice: Person, at_stripe: Stripe, deliver: Callable[..., TestResponse], kind: str
) -> None:
    at_stripe.mute()
    alice.buy("pro")
    alice.buy("basic")
    product = at_stripe.v1.products.update("shop_pro", {"active": False})

    answer = deliver(event_of(kind, product.to_dict(for_json=True)))

    assert answer.json == {"received": True}
    assert alice.buy("pro").status_code == 503


def test_event_about_a_product_of_another_application_is_ignored(app: Flask, deliver) -> None:
    ours = {"catalog": "shop", "plan": "pro"}
    deliver(event_of("product.updated", {"id": "prod_other", "object": "product", "metadata": {}}))
    deliver(event_of("product.created", {"id": "shop_pro", "object": "product", "metadata": ours}))
    deliver(event_of("price.updated", {"id": "price_1", "object": "price", "lookup_key": "shop_basic_month"}))

    with app.app_context():
        events = db.session.execute(db.select(StripeEvent.type, StripeEvent.outcome)).all()
    assert dict(events) == {
        "product.updated": "ignored", "product.created": "processed", "price.updated": "processed"
    }  # fmt: skip


def test_price_that_a_setting_names_sells_nothing_when_it_charges_something_else(app_with, at_stripe: Stripe) -> None:
    other = at_stripe.v1.prices.create(
        {"product": "shop_pro", "currency": "usd", "unit_amount": 2500, "recurring": MONTH}
    )
    site = app_with(stripe_price_ids={"STRIPE_PRICE_PRO": other.id, "STRIPE_PRICE_BASIC": "price_none"})
    alice = Person.sign_up(site, "alice@example.com")

    expect_refused(alice.buy("pro"), alice)
    expect_refused(alice.buy("basic"), alice)

    said = site.test_cli_runner().invoke(args=["billing", "status"]).output
    assert "shop_pro_month charges 2500 usd a month in Stripe" in said
    assert "STRIPE_PRICE_PRO names it: change that setting" in said
    assert "shop_basic_month is not in Stripe; STRIPE_PRICE_BASIC names it" in said


def test_price_that_a_setting_names_is_sold_when_it_charges_the_same(app_with, at_stripe: Stripe) -> None:
    other = at_stripe.v1.prices.create(
        {"product": "shop_pro", "currency": "usd", "unit_amount": 2900, "recurring": MONTH}
    )
    alice = Person.sign_up(app_with(stripe_price_ids={"STRIPE_PRICE_PRO": other.id}), "alice@example.com")

    answer = alice.buy("pro")

    items = at_stripe.v1.checkout.sessions.line_items.list(session_id_in(answer.location)).data
    assert [item.price.id for item in items] == [other.id]


def test_change_of_plan_is_refused_at_a_price_that_differs(alice: Person, at_stripe: Stripe) -> None:
    at_stripe.mute()
    session_id = session_id_in(alice.buy("basic").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    replace_price(at_stripe, unit_amount=3500)

    answer = alice.buy("pro")

    assert answer.status_code == 503
    assert alice.post("/account/portal").status_code == 303
