"""Money back, as an operator gives it."""

from contextlib import nullcontext

import pytest
from flask import Flask

from app.billing.errors import CannotBeDone, StripeUnavailable
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.support.refunds import amount_refundable, find_payment, refund_payment, refundable_payment
from app.database import db
from tests.billing.support.conftest import Acts, absent_stripe, paid
from tests.people import Person
from tests.stripe_actions import Stripe


def the_payment() -> Payment:
    return db.session.scalars(db.select(Payment)).one()


def test_a_part_and_then_the_rest_go_back(
    subscribed: Person, app: Flask, scope: StripeScope, at_stripe: Stripe, acts: Acts
) -> None:
    with app.app_context():
        refund_payment(the_payment(), 900, scope, actor="olga@example.com", reason="asked nicely")
        assert amount_refundable(the_payment()) == 2000
        refund_payment(the_payment(), 2000, scope, actor="olga@example.com")
        assert (the_payment().amount_refunded, amount_refundable(the_payment())) == (2900, 0)

    assert [charge["amount_refunded"] for charge in at_stripe.charges()] == [2900]
    assert acts() == [("refund", ""), ("refund", "")]


def test_what_goes_back_of_a_subscription_is_its_own_payment(
    subscribed: Person, bob: Person, app: Flask, scope: StripeScope, at_stripe: Stripe
) -> None:
    paid(bob, at_stripe, "basic")

    with app.app_context():
        subscriptions = db.session.scalars(db.select(Subscription)).all()
        found = [refundable_payment(subscription, scope) for subscription in subscriptions]
        ids = [payment.stripe_subscription_id for payment in found if payment]

    assert len(ids) == 2
    assert ids == [subscription.stripe_subscription_id for subscription in subscriptions]


def test_a_full_refund_of_a_one_time_plan_takes_its_role(
    alice: Person, catalogue: None, app: Flask, scope: StripeScope, at_stripe: Stripe
) -> None:
    paid(alice, at_stripe, "lifetime")
    assert alice.role == "pro"

    with app.app_context():
        refund_payment(the_payment(), 19900, scope, actor="olga@example.com")

    assert alice.role == "free"


@pytest.mark.parametrize(("second", "error"), [(900, None), (1000, "Somebody else is refunding")])
def test_two_operators_at_once_make_one_refund(
    subscribed: Person, app: Flask, scope: StripeScope, at_stripe: Stripe, second: int, error: str | None
) -> None:
    with app.app_context():
        payment = the_payment()
        seen_by_both = Payment(**{column.key: getattr(payment, column.key) for column in Payment.__table__.columns})

        refund_payment(payment, 900, scope, actor="olga@example.com")
        with pytest.raises(CannotBeDone, match=error) if error else nullcontext():
            refund_payment(seen_by_both, second, scope, actor="omar@example.com")

    assert [charge["amount_refunded"] for charge in at_stripe.charges()] == [900]


@pytest.mark.parametrize("amount", [0, -1, 2901])
def test_what_was_not_paid_cannot_go_back(
    subscribed: Person, app: Flask, scope: StripeScope, acts: Acts, amount: int
) -> None:
    with app.app_context(), pytest.raises(CannotBeDone, match="no more than is left"):
        refund_payment(the_payment(), amount, scope, actor="olga@example.com")

    assert [kind for kind, error in acts() if "CannotBeDone" in error] == ["refund"]


def test_nothing_changes_when_stripe_cannot_be_asked(
    subscribed: Person, app: Flask, scope: StripeScope, acts: Acts
) -> None:
    with app.app_context(), absent_stripe(app), pytest.raises(StripeUnavailable):
        refund_payment(the_payment(), 2900, scope, actor="olga@example.com")

    with app.app_context():
        assert the_payment().amount_refunded == 0
    assert [(kind, error.split(":")[0]) for kind, error in acts()] == [("refund", "StripeUnavailable")]


def test_a_payment_is_found_by_each_of_its_names(subscribed: Person, app: Flask, scope: StripeScope) -> None:
    with app.app_context():
        payment = the_payment()
        names = (payment.number, payment.stripe_invoice_id, payment.stripe_payment_intent_id, str(payment.id))

        assert {find_payment(name or "", scope) for name in names} == {payment}
        assert find_payment("in_nothing", scope) is None
        assert find_payment(payment.number or "", StripeScope("acct_other", False)) is None
