"""What still comes for a customer that was deleted in Stripe."""

import threading

import pytest
from flask import Flask

from app.billing.customers import link_customer, lock_user
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Payment
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.database import db
from tests.people import Person
from tests.stripe_actions import Stripe, event_of, session_id_in


@pytest.mark.parametrize("is_known", [True, False], ids=["paid before", "all of it late"])
def test_refund_after_its_customer_was_deleted_is_recorded(
    app: Flask, deliver, alice: Person, at_stripe: Stripe, is_known: bool
) -> None:
    at_stripe.mute()
    customer = at_stripe.pay(session_id_in(alice.buy("basic").location))["customer"]
    before = at_stripe.events("checkout.session.completed", "invoice.paid")
    at_stripe.v1.customers.delete(customer)
    at_stripe.v1.refunds.create({"charge": at_stripe.charges()[0]["id"], "amount": 300})
    [deleted] = at_stripe.events("customer.deleted")
    [refunded] = at_stripe.events("charge.refunded")

    for event in [*before, deleted, refunded] if is_known else [deleted, refunded, *before]:
        assert deliver(event).status_code == 200

    with app.app_context():
        assert [(row.amount, row.amount_refunded) for row in db.session.scalars(db.select(Payment))] == [(900, 300)]


def test_what_another_system_sold_before_the_customer_was_deleted_is_recorded(
    app: Flask, deliver, alice: Person, at_stripe: Stripe
) -> None:
    at_stripe.mute()
    customer = at_stripe.pay(session_id_in(alice.buy("basic").location))["customer"]
    second = at_stripe.subscribe(customer, at_stripe.price("shop_pro_month"))["id"]
    at_stripe.v1.customers.delete(customer)
    [deleted] = at_stripe.events("customer.deleted")
    [bought] = at_stripe.events("checkout.session.completed")
    late = at_stripe.events("customer.subscription.created", "invoice.paid")

    for event in [bought, deleted, *late]:
        assert deliver(event).status_code == 200

    with app.app_context():
        assert db.session.get_one(Subscription, second).status == "canceled"
        assert sorted(db.session.scalars(db.select(Payment.amount))) == [900, 2900]
    assert alice.role == "free"


def test_deletion_waits_for_what_is_going_on_with_its_user(
    app: Flask, deliver, alice: Person, at_stripe: Stripe
) -> None:
    """What has locked the user may link the customer yet: whoever unlinked it first would be waited for in turn."""
    at_stripe.mute()
    customer = at_stripe.pay(session_id_in(alice.buy("basic").location))["customer"]
    alice_id, answers = alice.id, []
    deleted = event_of("customer.deleted", {"id": customer, "object": "customer"})
    deletion = threading.Thread(target=lambda: answers.append(deliver(deleted).status_code))
    with app.app_context():
        scope = current_scope()
        lock_user(alice_id)
        deletion.start()
        deletion.join(timeout=0.5)
        link_customer(alice_id, customer, scope)
        db.session.commit()
        deletion.join()

        assert answers == [200]
        assert db.session.get(StripeCustomer, customer) is None
