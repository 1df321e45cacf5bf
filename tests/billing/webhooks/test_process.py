"""The record of events, and replays."""

import pytest
from flask import Flask

from app.billing.errors import ForeignMode, UnknownEvent
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.webhooks.process import replay
from app.database import db, utcnow
from tests.people import Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in, signed

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def bought(alice: Person, at_stripe: Stripe) -> Json:
    """The event of Alice's new subscription, which has not arrived."""
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    return at_stripe.events("customer.subscription.created")[0]


def test_replay_of_a_processed_event_changes_nothing(app: Flask, alice: Person, bought: Json, deliver) -> None:
    deliver(bought)

    with app.app_context():
        outcome = replay(bought["id"])
        event = db.session.get_one(StripeEvent, bought["id"])
        changes = db.session.scalars(db.select(RoleChange)).all()

    assert (outcome, event.outcome, event.tries) == ("processed", "processed", 2)
    assert len(changes) == 1
    assert alice.role == "pro"


def test_replay_of_an_old_event_does_not_revive_what_has_ended(
    app: Flask, alice: Person, bought: Json, at_stripe: Stripe, deliver
) -> None:
    deliver(bought)
    at_stripe.v1.subscriptions.cancel(bought["data"]["object"]["id"])
    deliver(at_stripe.events("customer.subscription.deleted")[0])

    with app.app_context():
        replay(bought["id"])

    assert alice.role == "free"


def test_event_of_the_other_mode_is_not_replayed(app: Flask, alice: Person, bought: Json) -> None:
    """Left over from before the keys were changed."""
    body = signed(bought | {"livemode": True}, "whsec")[0].decode()
    with app.app_context():
        left_over = StripeEvent(
            id=bought["id"], type=bought["type"], outcome="failed", created_at=utcnow(), payload=body
        )
        db.session.add(left_over)
        db.session.commit()

        with pytest.raises(ForeignMode):
            replay(bought["id"])

        assert db.session.get_one(StripeEvent, bought["id"]).outcome == "failed"
    assert alice.role == "free"


def test_event_that_was_ignored_before_its_user_was_known_takes_effect_when_replayed(
    app: Flask, alice: Person, bought: Json, deliver
) -> None:
    with app.app_context():
        db.session.add(StripeEvent(id=bought["id"], type=bought["type"], outcome="ignored", created_at=utcnow()))
        db.session.commit()
    deliver(bought)
    role_before = alice.role
    with app.app_context():
        db.session.execute(db.delete(StripeEvent))
        db.session.commit()

    deliver(bought)

    assert (role_before, alice.role) == ("free", "pro")


def test_replay_of_an_unknown_event_is_refused(app: Flask) -> None:
    with app.app_context(), pytest.raises(UnknownEvent):
        replay("evt_unknown")


def test_late_snapshot_does_not_revive_an_ended_subscription(
    app: Flask, alice: Person, bought: Json, at_stripe: Stripe, deliver
) -> None:
    """Not even one that claims to be newer, from a clock that is ahead of ours."""
    deliver(bought)
    at_stripe.v1.subscriptions.cancel(bought["data"]["object"]["id"])
    deliver(at_stripe.events("customer.subscription.deleted")[0])

    late = event_of("customer.subscription.updated", bought["data"]["object"])
    deliver(late | {"created": late["created"] + 30})

    assert alice.role == "free"
    with app.app_context():
        assert db.session.scalars(db.select(Subscription.status)).one() == "canceled"
