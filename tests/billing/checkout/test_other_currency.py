"""Stripe keeps a customer to one currency: whoever is billed in another is told what is so, and what to do."""

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.database import db
from app.mail.alerts import open_alerts
from tests.catalogue import CATALOG, also_in
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")
Deploy = Callable[..., Flask]


def billed_in_euros(person: Person, at_stripe: Stripe) -> None:
    """Another application on the account has sold them something, of which no event has come."""
    assert person.buy("basic").status_code == 303
    product = at_stripe.v1.products.create({"name": "Retainer"}).id
    price = {"product": product, "currency": "eur", "unit_amount": 500, "recurring": {"interval": "month"}}
    at_stripe.subscribe(at_stripe.v1.customers.list({}).data[0].id, at_stripe.v1.prices.create(price).id)


def alerts(site: Flask) -> list[str]:
    with site.app_context():
        found = [alert.message for alert in open_alerts()]
        db.session.rollback()
        return found


def choice(site: Flask, at_stripe: Stripe, name: str) -> tuple[Person, TestResponse]:
    person = Person.sign_up(site, f"{name}@example.com")
    at_stripe.mute()
    billed_in_euros(person, at_stripe)
    return person, person.buy("pro")


def test_who_is_billed_in_another_currency_is_offered_the_plan_in_it(deploy: Deploy, at_stripe: Stripe) -> None:
    site = deploy(also_in("eur"))

    carol, page = choice(site, at_stripe, "carol")
    session = at_stripe.session(session_id_in(carol.buy("pro", currency="eur").location))

    assert page.status_code == 409
    assert "You are billed in euros" in page.text and "€26.10 a month" in page.text
    assert '<input type="hidden" name="currency" value="eur">' in page.text
    assert "haven't been charged" in page.text
    assert (session["currency"], session["amount_total"]) == ("eur", 2610)
    assert alerts(site) == []


@pytest.mark.parametrize("said", [{}, {"currency": "usd"}])
def test_a_currency_that_is_not_sold_is_said_and_the_operator_is_told(
    app_with: Deploy, at_stripe: Stripe, said: dict[str, str]
) -> None:
    site = app_with(also_in("eur") if said else CATALOG, **said)

    _, page = choice(site, at_stripe, "dave")

    assert page.status_code == 409
    assert "You are billed in euros" in page.text and "we sell in US dollars alone" in page.text
    assert "We have been told" in page.text
    assert any("billed in EUR" in message for message in alerts(site))
