"""Events that come too late, too early, or about what Stripe no longer has."""

import copy
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.auth.models import User
from app.billing.errors import StripeUnavailable
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeCustomer, StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.reconcile.users import sync_user
from app.billing.webhooks.process import replay
from app.database import db, utcnow
from app.mail.alerts import open_alerts
from app.mail.outbox import OutboxMail
from tests.mail.mailbox import mails
from tests.people import Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in, signed

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture(autouse=True)
def _muted(catalogue: None, at_stripe: Stripe) -> None:
    at_stripe.mute()


@pytest.fixture
def bought(alice: Person, at_stripe: Stripe, deliver: Callable[..., object]) -> Json:
    """The event that gave Alice Pro."""
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    event = at_stripe.events("customer.subscription.created")[0]
    deliver(event)
    return event


@pytest.fixture
def lifetime(alice: Person, at_stripe: Stripe, deliver: Callable[..., object]) -> Json:
    """The session in which Alice has bought Lifetime."""
    session = at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    deliver(event_of("checkout.session.completed", session))
    return session


def order_state(app: Flask) -> str:
    with app.app_context():
        return str(db.session.scalars(db.select(Order.state)).one())


def mirror_of(app: Flask) -> Subscription:
    with app.app_context():
        return db.session.scalars(db.select(Subscription)).one()


def test_move_to_a_price_of_no_plan_leaves_the_plan_behind(
    app: Flask, alice: Person, bought: Json, deliver: Callable[..., object]
) -> None:
    moved = copy.deepcopy(bought) | {"id": "evt_moved", "type": "customer.subscription.updated"}
    moved["created"] += 60
    moved["data"]["object"]["items"]["data"][0]["price"] |= {"id": "price_odd", "lookup_key": None}

    deliver(moved)

    assert (alice.role, mirror_of(app).plan_key) == ("free", None)


def test_subscription_that_stripe_no_longer_has_is_over_when_an_event_asks_about_it(
    app: Flask, alice: Person, bought: Json, deliver: Callable[..., object], emulator: Emulator
) -> None:
    emulator.reset()

    deliver(bought | {"id": "evt_of_the_same_second"})

    assert (alice.role, mirror_of(app).status) == ("free", "canceled")


@pytest.mark.parametrize("kind", ["checkout.session.async_payment_failed", "checkout.session.expired"])
def test_end_of_a_session_that_is_told_after_its_payment_takes_nothing(
    app: Flask, alice: Person, lifetime: Json, deliver: Callable[..., object], kind: str
) -> None:
    deliver(event_of(kind, lifetime))

    assert (alice.role, order_state(app)) == ("pro", "fulfilled")
    assert ("order_failed", alice.email) not in mails(app)


@pytest.mark.parametrize(
    ("plan", "kind", "state", "is_told"),
    [
        ("lifetime", "async_payment_failed", "failed", True),
        ("pro", "async_payment_failed", "failed", False),
        ("lifetime", "expired", "expired", False),
    ],
)
def test_payment_that_did_not_come_is_told_of_by_mail_where_no_invoice_tells(
    app: Flask,
    alice: Person,
    at_stripe: Stripe,
    deliver: Callable[..., object],
    plan: str,
    kind: str,
    state: str,
    is_told: bool,
) -> None:
    session = at_stripe.session(session_id_in(alice.buy(plan).location))

    deliver(event_of(f"checkout.session.{kind}", session))

    assert order_state(app) == state
    with app.app_context():
        told = db.session.scalars(db.select(OutboxMail.context).where(OutboxMail.template == "order_failed")).all()
        [change] = db.session.scalars(db.select(StripeEvent.changes)).one().values()
    assert told == ([{"plan_name": "Lifetime"}] if is_told else [])
    assert change == {"before": {"state": "pending"}, "after": {"state": state}}


def test_dispute_that_is_heard_of_before_the_payment_suspends_what_it_bought(
    app: Flask, alice: Person, at_stripe: Stripe, deliver: Callable[..., object], emulator: Emulator
) -> None:
    session = at_stripe.pay(session_id_in(alice.buy("lifetime").location), "tok_createDispute")
    emulator.advance(seconds=10)

    deliver(at_stripe.events("charge.dispute.created")[0])
    deliver(event_of("checkout.session.completed", session))

    assert (alice.role, order_state(app)) == ("free", "disputed")


def test_new_customer_that_names_somebody_else_is_not_linked(
    app: Flask, alice: Person, bob: Person, at_stripe: Stripe, deliver: Callable[..., object]
) -> None:
    customer = at_stripe.v1.customers.create({"metadata": {"userId": str(bob.id)}}).id
    at_stripe.subscribe(customer, at_stripe.price("shop_pro_month"), metadata={"userId": str(alice.id)})

    deliver(at_stripe.events("customer.subscription.created")[0])

    assert (alice.role, bob.role) == ("free", "free")
    with app.app_context():
        assert db.session.scalars(db.select(StripeCustomer)).all() == []


def test_what_an_event_wrote_is_undone_when_it_then_meets_a_missing_object(
    app: Flask, lifetime: Json, at_stripe: Stripe, deliver: Callable[..., object]
) -> None:
    with app.app_context():
        # Then Stripe is asked about each charge, after its date was written.
        payment = db.session.scalars(db.select(Payment)).one()
        payment.has_failed_refund, paid_at = True, payment.paid_at
        db.session.commit()
    [charge] = at_stripe.charges()
    gone = charge | {"id": "ch_gone", "created": charge["created"] + 3600, "amount_refunded": 100}

    deliver(event_of("charge.refunded", gone) | {"id": "evt_gone"})

    with app.app_context():
        assert db.session.get_one(StripeEvent, "evt_gone").outcome == "ignored"
        assert db.session.scalars(db.select(Payment.paid_at)).one() == paid_at


def test_replay_that_fails_leaves_what_was_processed_processed(
    app: Flask, bought: Json, app_with: Callable[..., Flask]
) -> None:
    cut_off = app_with(stripe_api_base="http://127.0.0.1:9")

    with cut_off.app_context(), pytest.raises(StripeUnavailable):
        replay(bought["id"])

    with app.app_context():
        event = db.session.get_one(StripeEvent, bought["id"])
        assert (event.outcome, event.tries, event.error) == ("processed", 1, None)
        assert open_alerts("failed_events") == []


def test_event_that_fails_is_kept_with_its_error_and_its_tries(
    app: Flask, bought: Json, app_with: Callable[..., Flask]
) -> None:
    cut_off = app_with(stripe_api_base="http://127.0.0.1:9")
    doubtful = bought | {"id": "evt_doubtful"}
    body, headers = signed(doubtful, cut_off.extensions["settings"].webhook_secrets[0])

    answers = [cut_off.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code for _ in range(2)]

    with app.app_context():
        event = db.session.get_one(StripeEvent, "evt_doubtful")
        assert (answers, event.outcome, event.tries) == ([500, 500], "failed", 2)
        assert event.error == "StripeUnavailable: Stripe could not be asked (APIConnectionError)."


AHEAD = timedelta(hours=1)


@pytest.mark.parametrize("way", ["compared", "told of in doubt", "missing"])
def test_mirror_never_counts_as_older_than_what_it_knows(
    app: Flask, alice: Person, bought: Json, deliver: Callable[..., object], emulator: Emulator, way: str
) -> None:
    """Stripe's clock may be ahead of ours: what is asked by our time then opens no door to older events."""
    known = utcnow().replace(microsecond=0) + AHEAD
    alice_id, newest = alice.id, bought | {"id": "evt_ahead", "created": int(known.timestamp())}
    with app.app_context():
        if way == "told of in doubt":
            db.session.execute(db.delete(Subscription))
        else:
            db.session.execute(db.update(Subscription).values(snapshot_at=known))
        db.session.commit()
        if way == "missing":
            emulator.reset()
        if way == "told of in doubt":
            deliver(newest)
        else:
            sync_user(db.session.get_one(User, alice_id))

    assert mirror_of(app).snapshot_at == known
