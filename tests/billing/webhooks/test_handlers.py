"""Every handled event: its first delivery, its repeat, and the same about somebody else's object."""

import copy
from typing import Any

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.auth.models import User
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeCustomer, StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.webhooks.handlers import HANDLERS
from app.database import db
from app.mail.outbox import OutboxMail
from tests.people import Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in

ROWS = (User, StripeCustomer, Subscription, Order, Payment, RoleChange, OutboxMail)
# What happens to a connection has tests of its own.
ABOUT_BUYERS = [kind for kind in HANDLERS if not kind.startswith("account.")]


@pytest.fixture
def paid(app: Flask, catalogue: None, alice: Person, bob: Person, at_stripe: Stripe) -> None:
    """Alice is on Pro and Bob has bought for life; of both, no event has arrived."""
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    at_stripe.pay(session_id_in(bob.buy("lifetime").location))


@pytest.fixture
def rows(app: Flask):  # type: ignore[no-untyped-def]
    """Every row of ours but the record of events, as plain values."""

    def read() -> dict[str, list[Any]]:
        with app.app_context():
            return {
                model.__tablename__: sorted(map(repr, db.session.execute(_values_of(model)).all())) for model in ROWS
            }

    return read


@pytest.fixture
def object_for(paid: None, at_stripe: Stripe):  # type: ignore[no-untyped-def]
    """The object of ours that an event of this type would be about."""

    def find(kind: str) -> Json:
        [subscription] = at_stripe.subscriptions()
        [lifetime] = [one for one in at_stripe.charges() if one["metadata"]]
        sessions = at_stripe.v1.checkout.sessions.list({}).data
        [session] = [one.to_dict(for_json=True) for one in sessions if one.mode == "payment"]
        dispute = {"id": "du_1", "object": "dispute", "charge": lifetime["id"], "amount": 19900, "metadata": {}}
        dispute["status"] = "lost"
        refund = {"id": "re_1", "object": "refund", "charge": lifetime["id"], "metadata": {}, "status": "succeeded"}
        objects = {
            "checkout": session,
            "refund": {**refund, "amount": 5000, "payment_intent": lifetime["payment_intent"], "customer": None},
            "customer.subscription": subscription,
            "invoice": at_stripe.invoices()[0],
            "charge.dispute": {**dispute, "payment_intent": lifetime["payment_intent"]},
            "charge": {**lifetime, "refunded": True, "amount_refunded": lifetime["amount"]},
            "customer.discount": {"id": "di_1", "object": "discount", "customer": subscription["customer"]},
            "subscription_schedule": {
                "id": "sub_sched_1",
                "object": "subscription_schedule",
                "customer": subscription["customer"],
            },
            "customer": {"id": subscription["customer"], "object": "customer"},
            "payment_method": at_stripe.v1.payment_methods.retrieve(subscription["default_payment_method"]).to_dict(
                for_json=True
            ),
            "price": at_stripe.v1.prices.retrieve(at_stripe.price("shop_pro_month")).to_dict(for_json=True),
            "product": at_stripe.v1.products.retrieve("shop_pro").to_dict(for_json=True),
        }
        return objects[next(prefix for prefix in objects if kind.startswith(prefix))]

    return find


def outcomes(app: Flask) -> list[tuple[str, int]]:
    in_order = db.select(StripeEvent).order_by(StripeEvent.received_at)
    with app.app_context():
        return [(one.outcome, one.tries) for one in db.session.scalars(in_order)]


@pytest.mark.parametrize("kind", ABOUT_BUYERS)
def test_event_takes_effect_once(app: Flask, object_for, deliver, rows, kind: str) -> None:
    event = event_of(kind, object_for(kind))

    first = deliver(event).status_code
    after_first = rows()
    repeated = [deliver(event).status_code for _ in range(2)]
    # The same thing told again by another event, as `flask billing replay` or a second endpoint would.
    deliver({**event, "id": "evt_again"})

    assert (first, repeated) == (200, [200, 200])
    assert outcomes(app)[0] == ("processed", 1)
    assert [tries for _, tries in outcomes(app)] == [1, 1]
    assert rows() == after_first


def test_events_of_another_product_on_the_account_change_nothing_of_ours(app: Flask, object_for, deliver, rows) -> None:
    foreign = [event_of(kind, _foreign(object_for(kind))) for kind in ABOUT_BUYERS]
    before = rows()

    answers = {deliver(event).status_code for event in foreign}

    assert answers == {200}
    assert outcomes(app) == [("ignored", 1)] * len(ABOUT_BUYERS)
    assert rows() == before


@pytest.mark.parametrize("kind", ["customer.subscription.created", "customer.subscription.deleted"])
def test_event_of_a_deleted_account_is_ignored(app: Flask, object_for, deliver, kind: str) -> None:
    event = event_of(kind, object_for(kind))
    with app.app_context():
        db.session.execute(db.delete(User))
        db.session.commit()

    assert deliver(event).status_code == 200
    assert outcomes(app) == [("ignored", 1)]


def test_session_event_links_user_customer_and_subscription(
    app: Flask, paid: None, alice: Person, at_stripe: Stripe, deliver
) -> None:
    [event] = [e for e in at_stripe.events("checkout.session.completed") if e["data"]["object"]["subscription"]]

    deliver(event)

    alice_id = alice.id
    with app.app_context():
        subscription = db.session.scalars(db.select(Subscription)).one()
        order = db.session.scalars(db.select(Order).where(Order.plan_key == "pro")).one()
    assert (subscription.user_id, order.user_id) == (alice_id, alice_id)
    assert order.stripe_subscription_id == subscription.stripe_subscription_id
    assert (order.state, alice.role) == ("fulfilled", "pro")


def test_recorded_event_tells_what_it_changed(app: Flask, paid: None, at_stripe: Stripe, deliver) -> None:
    [event] = at_stripe.events("customer.subscription.created")

    deliver(event)

    with app.app_context():
        recorded = db.session.get_one(StripeEvent, event["id"])
    assert recorded.payload
    assert recorded.changes["user"] == {"before": {"role": "free"}, "after": {"role": "pro"}}
    subscription_id = event["data"]["object"]["id"]
    assert recorded.changes[subscription_id]["after"]["status"] == "active"


def test_deleted_customer_is_unlinked_and_free(app: Flask, paid: None, alice: Person, at_stripe, deliver) -> None:
    deliver(at_stripe.events("customer.subscription.created")[0])
    customer = at_stripe.subscriptions()[0]["customer"]

    deliver(event_of("customer.deleted", {"id": customer, "object": "customer"}))

    assert alice.role == "free"
    with app.app_context():
        assert db.session.get(StripeCustomer, customer) is None
        assert db.session.scalars(db.select(Subscription.status)).one() == "canceled"


def test_partial_refund_of_lifetime_keeps_the_role_and_a_full_one_takes_it(
    app: Flask, paid: None, bob: Person, at_stripe: Stripe, deliver
) -> None:
    [completed] = [e for e in at_stripe.events("checkout.session.completed") if e["data"]["object"]["payment_intent"]]
    deliver(completed)
    intent = completed["data"]["object"]["payment_intent"]
    at_stripe.v1.refunds.create({"payment_intent": intent, "amount": 5000})
    deliver(at_stripe.events("charge.refunded")[-1])
    after_partial = bob.role
    at_stripe.v1.refunds.create({"payment_intent": intent})

    deliver(at_stripe.events("charge.refunded")[-1])

    assert (after_partial, bob.role) == ("pro", "free")
    with app.app_context():
        payment = db.session.scalars(db.select(Payment)).one()
        order = db.session.scalars(db.select(Order).where(Order.plan_key == "lifetime")).one()
    assert (payment.amount, payment.amount_refunded, order.state) == (19900, 19900, "refunded")


@pytest.mark.parametrize(
    ("status", "role"),
    [("under_review", "free"), ("lost", "free"), ("won", "pro"), ("warning_under_review", "pro")],
)
def test_dispute_suspends_lifetime_until_it_is_decided(
    paid: None, object_for, bob: Person, deliver, status: str, role: str
) -> None:
    deliver(event_of("checkout.session.completed", object_for("checkout")))
    dispute = object_for("charge.dispute")
    deliver(event_of("charge.dispute.created", {**dispute, "status": "needs_response"}))

    deliver(event_of("charge.dispute.closed", {**dispute, "status": status}))

    assert bob.role == role


def test_inquiry_suspends_lifetime_once_it_becomes_a_dispute(paid: None, object_for, bob: Person, deliver) -> None:
    deliver(event_of("checkout.session.completed", object_for("checkout")))
    dispute = object_for("charge.dispute")
    deliver(event_of("charge.dispute.created", {**dispute, "status": "warning_needs_response"}))
    before = bob.role

    deliver(event_of("charge.dispute.updated", {**dispute, "status": "needs_response"}))

    assert (before, bob.role) == ("pro", "free")


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 3, 1), (0, 3, 1, 2), (3, 0, 1, 2)])
@pytest.mark.parametrize(("status", "role"), [("lost", "free"), ("won", "pro")])
def test_inquiry_and_a_dispute_after_it_end_the_same_in_any_order(
    paid: None, object_for, bob: Person, at_stripe: Stripe, emulator: Emulator, deliver, order, status: str, role: str
) -> None:
    deliver(event_of("checkout.session.completed", object_for("checkout")))
    charge_id = object_for("charge")["id"]
    emulator.close_inquiry(emulator.open_dispute(charge_id, inquiry=True)["id"])
    dispute = emulator.open_dispute(charge_id)["id"]
    (emulator.win_dispute if status == "won" else emulator.lose_dispute)(dispute)
    events = at_stripe.events("charge.dispute.created", "charge.dispute.closed")

    answers = {deliver(events[number]).status_code for number in order}

    assert (answers, bob.role) == ({200}, role)


def test_failed_renewal_is_noticed_mailed_once_an_attempt_and_cleared_when_paid(
    site: str, app: Flask, alice: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    session = at_stripe.pay(session_id_in(alice.buy("pro").location))
    at_stripe.use_card(session["customer"], "tok_chargeCustomerFail")
    emulator.advance(days=32)
    emulator.wait_until_idle()
    while_failing, role_while_failing = alice.get("/account").text, alice.role
    with app.app_context():
        failed = db.session.scalars(db.select(Payment).order_by(Payment.created_at.desc())).first()
        causes = db.session.scalars(db.select(OutboxMail.cause)).all()
    attempts = [cause for cause in causes if cause.startswith("invoice_attempt")]

    at_stripe.use_card(session["customer"], "tok_visa")
    open_invoice = at_stripe.invoices()[-1]
    at_stripe.v1.invoices.pay(open_invoice["id"])
    emulator.wait_until_idle()

    assert (failed.status, role_while_failing) == ("failed", "pro")
    assert failed.hosted_invoice_url
    assert "go through" in while_failing
    assert len(attempts) == len(set(attempts)) == failed.attempt_count
    assert "go through" not in alice.get("/account").text
    with app.app_context():
        assert set(db.session.scalars(db.select(Payment.status))) == {"paid"}


def _values_of(model: Any) -> Any:
    """All of a table but when it was last compared with Stripe or is to be, and how often it was locked for that."""
    left_out = ("snapshot_at", "billing_version", "card_valid_until")
    return db.select(*(column for column in model.__table__.columns if column.name not in left_out))


def _foreign(stripe_object: Json) -> Json:
    """The same object as another product on the account has it."""
    foreign = copy.deepcopy(stripe_object)
    foreign["id"] = foreign["id"][:-4] + "zzzz"
    foreign["metadata"] = {"userId": "42", "orderId": "nonsense"}
    for name in ("customer", "payment_intent", "charge", "subscription"):
        if foreign.get(name):
            foreign[name] = f"{foreign[name][:-4]}zzzz"
    foreign["client_reference_id"] = foreign["lookup_key"] = None
    if foreign.get("parent"):
        details = foreign["parent"]["subscription_details"]
        details.update(metadata={}, subscription="sub_somebody_elses")
    return foreign
