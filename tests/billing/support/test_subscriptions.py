"""An end, or days more, as an operator gives them."""

from datetime import timedelta

import pytest
from flask import Flask

from app.auth.models import User
from app.billing.errors import CannotBeDone, StripeUnavailable
from app.billing.gateway.account import StripeScope
from app.billing.models.subscription import Subscription
from app.billing.support.subscriptions import cancel_subscription, extend_subscription
from app.database import db
from tests.billing.support.conftest import Acts, absent_stripe
from tests.people import Person
from tests.stripe_actions import Stripe

OLGA = "olga@example.com"


def user_of(person: Person) -> User:
    return db.session.scalars(db.select(User).where(User.email == person.email)).one()


def the_subscription() -> Subscription:
    return db.session.scalars(db.select(Subscription)).one()


def test_an_end_with_the_period_keeps_the_role_until_then(
    subscribed: Person, app: Flask, scope: StripeScope, at_stripe: Stripe, acts: Acts
) -> None:
    with app.app_context():
        row = cancel_subscription(user_of(subscribed), scope, now=False, actor=OLGA)
        assert (row.is_canceling, row.ends_at) == (True, row.current_period_end)

    assert subscribed.role == "pro"
    assert [one["cancel_at_period_end"] for one in at_stripe.subscriptions()] == [True]
    assert acts() == [("cancel", "")]


def test_an_end_at_once_takes_the_role(subscribed: Person, app: Flask, scope: StripeScope, at_stripe: Stripe) -> None:
    with app.app_context():
        assert cancel_subscription(user_of(subscribed), scope, now=True, actor=OLGA).has_ended

    assert subscribed.role == "free"
    assert [one["status"] for one in at_stripe.subscriptions()] == ["canceled"]


def test_days_more_move_the_next_charge_and_cost_nothing(
    subscribed: Person, app: Flask, scope: StripeScope, at_stripe: Stripe
) -> None:
    with app.app_context():
        paid_until = the_subscription().current_period_end
        assert paid_until
        row = extend_subscription(user_of(subscribed), scope, days=30, actor=OLGA)
        assert row.current_period_end == paid_until + timedelta(days=30)

    assert subscribed.role == "pro"
    assert sum(charge["amount"] for charge in at_stripe.charges()) == 2900


def test_days_given_twice_add_up(subscribed: Person, app: Flask, scope: StripeScope) -> None:
    with app.app_context():
        paid_until = the_subscription().current_period_end
        assert paid_until
        for _ in range(2):
            row = extend_subscription(user_of(subscribed), scope, days=10, actor=OLGA)
        assert row.current_period_end == paid_until + timedelta(days=20)


@pytest.mark.parametrize("days", [0, -1, 731])
def test_days_are_bounded(subscribed: Person, app: Flask, scope: StripeScope, days: int) -> None:
    with app.app_context(), pytest.raises(CannotBeDone, match="1 to 730"):
        extend_subscription(user_of(subscribed), scope, days=days, actor=OLGA)


def test_what_is_set_to_end_is_neither_extended_nor_ended_again(
    subscribed: Person, app: Flask, scope: StripeScope
) -> None:
    with app.app_context():
        cancel_subscription(user_of(subscribed), scope, now=False, actor=OLGA)
        with pytest.raises(CannotBeDone, match="renewed first"):
            extend_subscription(user_of(subscribed), scope, days=10, actor=OLGA)
        with pytest.raises(CannotBeDone, match="set to end already"):
            cancel_subscription(user_of(subscribed), scope, now=False, actor=OLGA)


def test_without_a_subscription_there_is_nothing_to_do(alice: Person, app: Flask, scope: StripeScope) -> None:
    with app.app_context(), pytest.raises(CannotBeDone, match="has no subscription"):
        cancel_subscription(user_of(alice), scope, now=True, actor=OLGA)


def test_nothing_changes_when_stripe_cannot_be_asked(
    subscribed: Person, app: Flask, scope: StripeScope, acts: Acts
) -> None:
    with app.app_context(), absent_stripe(app):
        for act in (
            lambda: cancel_subscription(user_of(subscribed), scope, now=True, actor=OLGA),
            lambda: extend_subscription(user_of(subscribed), scope, days=10, actor=OLGA),
        ):
            with pytest.raises(StripeUnavailable):
                act()

    assert subscribed.role == "pro"
    assert [(kind, error.split(":")[0]) for kind, error in acts()] == [
        ("cancel", "StripeUnavailable"),
        ("extend", "StripeUnavailable"),
    ]
