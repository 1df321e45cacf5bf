"""A refund can fail days after it was made, and be called back: what is refunded is what Stripe says now."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.models.payments import Order, Payment
from app.billing.reconcile.users import sync_all
from app.billing.webhooks.handlers import HANDLERS
from app.database import db
from tests.people import Person
from tests.stripe_actions import Json, Stripe, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def bob_bought(app: Flask, bob: Person, at_stripe: Stripe) -> str:
    """Bob has bought for life with a card that no refund reaches; the PaymentIntent."""
    at_stripe.mute()
    return str(at_stripe.pay(session_id_in(bob.buy("lifetime").location), "tok_refundFail")["payment_intent"])


@pytest.fixture
def tell(at_stripe: Stripe, deliver: Callable[..., Any]) -> Callable[..., None]:
    """Bring the events that came since the last time, all of them or those of one kind."""
    told: set[str] = set()

    def bring(kind: str = "") -> None:
        for event in at_stripe.events():
            if event["type"] in HANDLERS and event["type"].startswith(kind) and event["id"] not in told:
                told.add(event["id"])
                assert deliver(event).status_code == 200

    return bring


def state_of(app: Flask) -> tuple[str, int]:
    """Where the newest order stands, and what is refunded of its payment."""
    with app.app_context():
        order = db.session.scalars(db.select(Order).order_by(Order.created_at.desc())).first()
        refunded = db.session.scalar(db.select(Payment.amount_refunded))
        return order.state, refunded


def test_refund_that_fails_gives_the_plan_back(
    app: Flask, bob: Person, bob_bought: str, at_stripe: Stripe, emulator: Emulator, tell
) -> None:
    at_stripe.v1.refunds.create({"payment_intent": bob_bought})
    tell()
    while_refunded = (bob.role, *state_of(app))
    emulator.advance(seconds=60)

    tell()

    assert while_refunded == ("free", "refunded", 19900)
    assert (bob.role, *state_of(app)) == ("pro", "fulfilled", 0)


def test_refund_that_is_called_back_gives_the_plan_back(app: Flask, bob: Person, at_stripe: Stripe, tell) -> None:
    at_stripe.mute()
    intent = at_stripe.pay(session_id_in(bob.buy("lifetime").location), "tok_pendingRefund")["payment_intent"]
    refund = at_stripe.v1.refunds.create({"payment_intent": intent})
    tell()
    while_refunded = bob.role
    at_stripe.v1.refunds.cancel(refund.id)

    tell()

    assert while_refunded == "free"
    assert (bob.role, *state_of(app)) == ("pro", "fulfilled", 0)


def test_one_of_two_refunds_that_fails_leaves_the_other(
    app: Flask, bob: Person, bob_bought: str, at_stripe: Stripe, emulator: Emulator, tell
) -> None:
    at_stripe.v1.refunds.create({"payment_intent": bob_bought, "amount": 19000})
    emulator.advance(seconds=60)
    at_stripe.v1.refunds.create({"payment_intent": bob_bought, "amount": 5000})

    tell()

    assert (bob.role, *state_of(app)) == ("pro", "fulfilled", 5000)


def test_refund_that_fails_ends_the_same_in_any_order(
    app: Flask, bob: Person, bob_bought: str, at_stripe: Stripe, emulator: Emulator, deliver
) -> None:
    at_stripe.v1.refunds.create({"payment_intent": bob_bought})
    emulator.advance(seconds=60)
    kinds = ("checkout.session.completed", "charge.refunded", "refund.created", "refund.failed")
    events = [at_stripe.events(kind)[-1] for kind in kinds]
    before = emulator.save()
    ends = set()

    for number, order in enumerate(itertools.permutations(events)):
        with app.app_context():
            db.session.execute(db.delete(Payment))
            untouched: Json = {"state": "pending", "fulfilled_at": None, "stripe_payment_intent_id": None}
            db.session.execute(db.update(Order).values(**untouched))
            db.session.commit()
        for event in order:
            assert deliver({**event, "id": f"{event['id']}{number}"}).status_code == 200
        ends.add((bob.role, *state_of(app)))

    emulator.restore(before)
    assert ends == {("pro", "fulfilled", 0)}


def test_refund_whose_failure_was_never_heard_of_is_found(
    app: Flask, bob: Person, bob_bought: str, at_stripe: Stripe, emulator: Emulator, tell
) -> None:
    at_stripe.v1.refunds.create({"payment_intent": bob_bought})
    tell()
    emulator.advance(seconds=60)

    with app.app_context():
        report = sync_all()

    assert report.repaired == 1
    assert (bob.role, *state_of(app)) == ("pro", "fulfilled", 0)


@pytest.mark.parametrize("late", ["charge.refunded", "refund.created"])
def test_late_word_of_a_refund_that_failed_takes_nothing(
    app: Flask, bob: Person, bob_bought: str, at_stripe: Stripe, emulator: Emulator, tell, late: str
) -> None:
    tell("checkout")
    at_stripe.v1.refunds.create({"payment_intent": bob_bought})
    emulator.advance(seconds=60)
    tell("refund.failed")

    tell(late)

    assert (bob.role, *state_of(app)) == ("pro", "fulfilled", 0)


def test_refund_of_a_subscriptions_payment_that_fails_is_revenue_again(
    app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator, tell
) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location), "tok_refundFail")
    tell()
    at_stripe.v1.refunds.create({"charge": at_stripe.charges()[0]["id"]})
    tell()
    with app.app_context():
        while_refunded = db.session.scalar(db.select(Payment.amount_refunded))
    emulator.advance(seconds=60)

    tell()

    with app.app_context():
        assert (while_refunded, db.session.scalar(db.select(Payment.amount_refunded))) == (2900, 0)


def test_refund_of_another_product_on_the_account_is_ignored(app: Flask, bob: Person, at_stripe: Stripe, tell) -> None:
    at_stripe.mute()
    intent = at_stripe.v1.payment_intents.create(
        {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True,
         "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
    )  # fmt: skip
    at_stripe.v1.refunds.create({"payment_intent": intent.id})

    tell()

    with app.app_context():
        assert db.session.scalar(db.select(db.func.count(Payment.id))) == 0
