"""Disputes of every payment: kept with it, told to the operator until they are decided, and lost ones no revenue."""

import pytest
from flask import Flask

from app.billing.gateway.account import current_scope
from app.billing.models.payments import Payment
from app.billing.models.stripe import StripeEvent
from app.billing.reports import revenue_by_month
from app.database import db
from app.mail.alerts import open_alerts
from tests.people import Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in

KINDS = ("checkout.session.completed", "customer.subscription.created", "invoice.paid")


@pytest.fixture
def dispute(catalogue: None, alice: Person, at_stripe: Stripe, deliver) -> Json:  # type: ignore[no-untyped-def]
    """A dispute of what Alice paid for the first month of Pro."""
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    for event in at_stripe.events(*KINDS):
        deliver(event)
    [charge] = at_stripe.charges()
    about = {"charge": charge["id"], "payment_intent": charge["payment_intent"], "amount": 2900}
    return {"id": "du_1", "object": "dispute", "metadata": {}, "status": "needs_response", **about}


def kept(app: Flask) -> tuple[str | None, list[str]]:
    with app.app_context():
        status = db.session.scalars(db.select(Payment.dispute_status)).one()
        return status, [alert.cause for alert in open_alerts("dispute:")]


def revenue(app: Flask) -> int:
    with app.app_context():
        return sum(month.amount for month in revenue_by_month(current_scope()))


def test_a_disputed_subscription_payment_is_kept_and_told_until_it_is_decided(
    app: Flask, alice: Person, dispute: Json, deliver
) -> None:
    deliver(event_of("charge.dispute.created", dispute))
    during = kept(app)
    page = alice.get("/account").text
    deliver(event_of("charge.dispute.closed", {**dispute, "status": "won"}))

    assert during == ("needs_response", ["dispute:du_1"])
    assert "Disputed" in page
    assert kept(app) == ("won", [])
    with app.app_context():
        changes = db.session.scalars(db.select(StripeEvent.changes).where(StripeEvent.type == "charge.dispute.closed"))
        assert changes.one() == {"du_1": {"before": {"status": "needs_response"}, "after": {"status": "won"}}}
    # The subscription is Stripe's to end, or the operator's.
    assert alice.role == "pro"


def test_what_is_lost_in_a_dispute_is_no_revenue(app: Flask, dispute: Json, deliver) -> None:
    before = revenue(app)

    deliver(event_of("charge.dispute.closed", {**dispute, "status": "lost"}))

    assert (before, revenue(app)) == (2900, 0)


def test_an_early_word_that_comes_late_reopens_nothing(app: Flask, dispute: Json, deliver) -> None:
    deliver(event_of("charge.dispute.closed", {**dispute, "status": "lost"}))

    deliver(event_of("charge.dispute.created", dispute))
    deliver(event_of("charge.dispute.funds_withdrawn", {**dispute, "status": "under_review"}))

    assert kept(app) == ("lost", [])


def test_an_inquiry_is_told_too(app: Flask, dispute: Json, deliver) -> None:
    deliver(event_of("charge.dispute.created", {**dispute, "status": "warning_needs_response"}))

    assert kept(app) == ("warning_needs_response", ["dispute:du_1"])


def test_a_dispute_of_another_product_is_nobodys_here(app: Flask, dispute: Json, deliver, at_stripe: Stripe) -> None:
    customer = at_stripe.v1.customers.create({}).id
    at_stripe.subscribe(customer, at_stripe.price("shop_basic_month"))
    [foreign] = [one for one in at_stripe.charges() if one["customer"] == customer]

    about = {"charge": foreign["id"], "payment_intent": foreign["payment_intent"]}
    deliver(event_of("charge.dispute.created", {**dispute, **about}))

    assert kept(app) == (None, [])


def test_a_dispute_that_was_lost_before_its_order_was_known_to_be_paid_is_no_revenue(
    app: Flask, catalogue: None, bob: Person, at_stripe: Stripe, deliver
) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(bob.buy("lifetime").location))
    [charge] = at_stripe.charges()
    about = {"charge": charge["id"], "payment_intent": charge["payment_intent"], "amount": charge["amount"]}
    lost = {"id": "du_2", "object": "dispute", "metadata": {}, "status": "lost", **about}

    deliver(event_of("charge.dispute.closed", lost))
    deliver(at_stripe.events("checkout.session.completed")[0])

    assert revenue(app) == 0
    assert bob.role == "free"
