from flask import Flask

from app.billing.customers import customer_of, owner_of
from app.billing.gateway.account import current_scope
from app.billing.gateway.objects import NO_METADATA
from app.billing.models.payments import Order
from app.billing.models.stripe import StripeCustomer
from app.database import db
from tests.mail.mailbox import link_path
from tests.people import PASSWORD, Person
from tests.stripe_actions import Stripe

NEW = "alice@new.example"


def change_address(alice: Person) -> None:
    assert alice.post("/account/email", email=NEW, current_password=PASSWORD).status_code == 303
    alice.get(link_path(alice.app, "verify_email", NEW))


def test_a_new_address_is_told_to_stripe_once_it_is_confirmed(
    alice: Person, catalogue: None, at_stripe: Stripe
) -> None:
    alice.buy("pro")

    change_address(alice)

    assert [customer.email for customer in at_stripe.v1.customers.list({}).data] == [NEW]


def test_a_new_address_counts_also_when_there_is_nobody_to_tell(alice: Person, app: Flask, at_stripe: Stripe) -> None:
    change_address(alice)

    alice.email = NEW
    assert alice.role == "free"
    assert at_stripe.v1.customers.list({}).data == []


def test_a_customer_who_has_bought_nothing_is_known_too(
    alice: Person, catalogue: None, app: Flask, at_stripe: Stripe
) -> None:
    alice.buy("pro")
    alice_id = alice.id

    with app.app_context():
        db.session.execute(db.delete(Order))
        customer = db.session.scalars(db.select(StripeCustomer.stripe_customer_id)).one()
        assert owner_of(customer, NO_METADATA, current_scope()) == alice_id


def test_everybody_has_a_customer_of_their_own(alice: Person, bob: Person, catalogue: None, app: Flask) -> None:
    people = [(person.id, person.buy("pro").status_code) for person in (alice, bob)]

    with app.app_context():
        found = [customer_of(user_id, current_scope()) for user_id, _ in people]
        owners = [owner_of(customer, NO_METADATA, current_scope()) for customer in found]
        assert owners == [user_id for user_id, _ in people]
