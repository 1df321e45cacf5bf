"""The one field finds whoever a mail speaks of: by address, by any id of Stripe's, by ours, by a receipt."""

import json

import pytest
import sqlalchemy as sa
from flask import Flask

from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeCustomer, StripeEvent
from app.billing.models.subscription import Subscription
from app.database import db, utcnow
from tests.billing.support.conftest import paid
from tests.people import Person
from tests.stripe_actions import Stripe

pytestmark = pytest.mark.needs("app/admin")
NAMES = {
    "customer": StripeCustomer.stripe_customer_id,
    "subscription": Subscription.stripe_subscription_id,
    "invoice": Payment.stripe_invoice_id,
    "payment": Payment.stripe_payment_intent_id,
    "session": Order.stripe_checkout_session_id,
    "receipt": Payment.number,
    "dispute": Payment.stripe_dispute_id,
    "order": Order.id,
}


@pytest.mark.parametrize("name", NAMES)
def test_an_id_leads_to_whose_it_is(
    olga: Person, alice: Person, bob: Person, catalogue: None, at_stripe: Stripe, app: Flask, name: str
) -> None:
    paid(alice, at_stripe, "pro" if name != "payment" else "lifetime")
    with app.app_context():
        db.session.execute(sa.update(Payment).values(stripe_dispute_id="du_1"))
        db.session.commit()
        [known] = db.session.scalars(sa.select(NAMES[name]))

    assert olga.get(f"/admin/find?q={known}").location == f"/admin/users/{alice.id}"


@pytest.mark.parametrize("asked", ["alice@example.com", "ALICE@example.com", " alice@example.com "])
def test_an_address_leads_to_its_account(olga: Person, alice: Person, asked: str) -> None:
    assert olga.get(f"/admin/find?q={asked}").location == f"/admin/users/{alice.id}"


def test_a_users_own_id_leads_to_them(olga: Person, alice: Person) -> None:
    assert olga.get(f"/admin/find?q={alice.id}").location == f"/admin/users/{alice.id}"


@pytest.mark.parametrize("asked", ["evt_1", "re_1"])
def test_an_event_and_any_other_id_lead_to_the_event_that_tells_of_it(olga: Person, app: Flask, asked: str) -> None:
    with app.app_context():
        columns = {"type": "refund.created", "outcome": "processed", "created_at": utcnow(), "payload": json.dumps({})}
        db.session.add(StripeEvent(id="evt_1", object_id="re_1", **columns))
        db.session.commit()

    assert olga.get(f"/admin/find?q={asked}").location == "/admin/events/evt_1"


@pytest.mark.parametrize(
    "asked", ["", "ali", "sub_none", "00000000-0000-4000-8000-000000000000", "NONE-0001", "a@b@c", "9" * 300]
)
def test_what_is_nobodys_lists_the_users_with_these_letters(olga: Person, alice: Person, asked: str) -> None:
    answer = olga.get(f"/admin/find?q={asked}")

    assert answer.location.startswith("/admin/users")
    assert olga.get(answer.location).status_code == 200
