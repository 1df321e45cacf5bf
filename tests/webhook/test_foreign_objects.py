"""Signed events about objects that name us and are not ours: 200, nobody linked, nothing granted, nothing recorded."""

import uuid
from typing import Any

import pytest
from flask import Flask

from app.auth.models import User
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.database import db
from tests.people import Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in


@pytest.fixture
def foreign(app: Flask, catalogue: None, alice: Person, bob: Person, at_stripe: Stripe) -> dict[str, Json]:
    """What another product on the account sold to another customer, with Alice's ids in all metadata.

    Bob, who may write whatever he likes there, has paid for it; Alice has an order that waits.
    """
    at_stripe.mute()
    waiting = at_stripe.session(session_id_in(alice.buy("pro").location))
    named = dict(waiting["metadata"])
    mallory = at_stripe.v1.customers.create({"email": "mallory@example.com", "metadata": {"userId": str(uuid.uuid4())}})
    product = at_stripe.v1.products.create({"name": "Something else"}).id
    once = at_stripe.v1.prices.create({"product": product, "currency": "usd", "unit_amount": 2900}).id
    monthly = {"product": product, "currency": "usd", "unit_amount": 2900, "recurring": {"interval": "month"}}
    price = at_stripe.v1.prices.create(monthly).id
    shared = {"customer": mallory.id, "metadata": named, "client_reference_id": waiting["client_reference_id"]}
    session = at_stripe.v1.checkout.sessions.create(
        {**shared, "mode": "payment", "line_items": [{"price": once, "quantity": 1}], "success_url": "https://e.example/",
         "payment_intent_data": {"metadata": named}}
    )  # fmt: skip
    paid = at_stripe.pay(session.id)
    charge = at_stripe.charges()[-1]
    subscription = at_stripe.subscribe(mallory.id, price, metadata=named)
    refund = at_stripe.v1.refunds.create({"charge": charge["id"], "metadata": named}).to_dict(for_json=True)
    customer = at_stripe.v1.customers.retrieve(mallory.id).to_dict(for_json=True)
    return {
        "checkout.session": paid | {"metadata": {**named, "orderId": str(uuid.uuid4())}},
        "customer.subscription": subscription,
        "customer": {**customer, "metadata": named},
        "invoice": at_stripe.invoices()[-1],
        "charge": at_stripe.charges()[-1] | {"metadata": named},
        "refund": refund,
        "charge.dispute": {
            "id": "du_1", "object": "dispute", "charge": charge["id"], "amount": 2900, "reason": "fraudulent",
            "payment_intent": paid["payment_intent"], "status": "lost", "metadata": named,
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "of"),
    [
        ("checkout.session.completed", "checkout.session"),
        ("checkout.session.async_payment_succeeded", "checkout.session"),
        ("checkout.session.async_payment_failed", "checkout.session"),
        ("checkout.session.expired", "checkout.session"),
        ("customer.subscription.created", "customer.subscription"),
        ("customer.subscription.updated", "customer.subscription"),
        ("customer.subscription.deleted", "customer.subscription"),
        ("customer.updated", "customer"),
        ("customer.deleted", "customer"),
        ("invoice.paid", "invoice"),
        ("invoice.payment_failed", "invoice"),
        ("invoice.sent", "invoice"),
        ("invoice.overdue", "invoice"),
        ("charge.refunded", "charge"),
        ("refund.failed", "refund"),
        ("charge.dispute.created", "charge.dispute"),
        ("charge.dispute.closed", "charge.dispute"),
    ],
)
def test_what_names_us_and_is_not_ours_links_and_grants_nothing(
    app: Flask, alice: Person, deliver: Any, foreign: dict[str, Json], kind: str, of: str
) -> None:
    before = standing(app)

    answer = deliver(event_of(kind, foreign[of]))

    assert answer.status_code == 200
    assert standing(app) == before
    assert (alice.role, before["orders"]) == ("free", [("pending", None)])


def standing(app: Flask) -> dict[str, list[Any]]:
    """Everything that an event could link, grant or record."""
    with app.app_context():
        orders = db.session.execute(db.select(Order.state, Order.stripe_subscription_id)).all()
        customers = db.session.execute(db.select(StripeCustomer.user_id, StripeCustomer.stripe_customer_id)).all()
        roles = db.session.execute(db.select(User.email, User.role).order_by(User.email)).all()
        payments = db.session.scalars(db.select(Payment.id)).all()
        subscriptions = db.session.scalars(db.select(Subscription.stripe_subscription_id)).all()
        return {
            "orders": [tuple(row) for row in orders],
            "customers": [tuple(row) for row in customers],
            "roles": [tuple(row) for row in roles],
            "payments": list(payments),
            "subscriptions": list(subscriptions),
        }
