"""Who holds what, and who waits for whom: a transaction of the test's own holds a lock, and looks."""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.account import support
from app.account.deletion import LastAdmin, delete_account
from app.auth.email_tokens import Purpose, make_token, read_token
from app.auth.models import User
from app.billing.customers import lock_user
from app.billing.errors import CannotBeDone
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.billing.reconcile.users import sync_user
from app.billing.roles.grants import grant_role, revoke_grants
from app.billing.support.orders import attach_order
from app.database import db, utcnow
from tests.auth.factors.phones import Phone, logging_in, second_step
from tests.catalogue import BASIC
from tests.mail.mailbox import link_path
from tests.people import Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in

pytestmark = [
    pytest.mark.usefixtures("catalogue"),
    pytest.mark.skipif("TEST_DATABASE_URL" not in os.environ, reason="SQLite has one writer at a time, and no locks"),
]
WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
def while_held(app: Flask) -> Callable[..., Any]:
    """Let something begin while we hold a lock, and go on when it waits for us and we have changed something."""

    def run(work: Callable[[], Any], hold: Callable[[], Any], change: Callable[[], Any]) -> Any:
        with ThreadPoolExecutor(1) as other, app.app_context():
            hold()
            answer = other.submit(work)
            _until_it_waits(answer)
            change()
            db.session.commit()
            return answer.result(timeout=30)

    return run


def _until_it_waits(answer: Future[Any]) -> None:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.scalar(WAITING) == 0:
            assert not answer.done(), "It did not wait."
            time.sleep(0.01)


@pytest.fixture
def paid(alice: Person, at_stripe: Stripe) -> Json:
    """The event that Alice has paid for Lifetime, which nobody has brought yet."""
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("lifetime").location))
    return at_stripe.events("checkout.session.completed")[0]


def about_the_charge(app: Flask, at_stripe: Stripe, kind: str, told: Json) -> Json:
    """What Stripe says of the only charge, whose payment is known by it: nobody has to be asked."""
    [charge] = at_stripe.charges()
    with app.app_context():
        db.session.execute(db.update(Payment).values(stripe_payment_intent_id=charge["payment_intent"]))
        db.session.commit()
    if kind == "charge.refunded":
        return event_of(kind, charge | told)
    about = {"charge": charge["id"], "payment_intent": charge["payment_intent"], "amount": charge["amount"]}
    return event_of(kind, {"id": "du_1", "object": "dispute", "metadata": {}, **about, **told})


def delete_everybody(app: Flask) -> None:
    """What they bought is nobody's then."""
    with app.app_context():
        db.session.execute(db.delete(User))
        db.session.commit()


def order_states(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(Order.state)))


def test_event_waits_for_the_user_before_it_takes_the_order(
    app: Flask, alice: Person, paid: Json, deliver, while_held
) -> None:
    """Whoever has the user may want the order next: the other way round, the two would wait for each other."""
    assert deliver_while_the_user_is_held(alice, deliver, paid, while_held).status_code == 200
    assert order_states(app) == ["fulfilled"]


@pytest.mark.parametrize(
    ("plan", "kind"),
    # The refund of a subscription's payment changes nobody's role: its own row is enough.
    [("lifetime", "charge.refunded"), ("lifetime", "charge.dispute.created"), ("pro", "charge.dispute.created")],
)
def test_refund_and_dispute_wait_for_the_user_before_they_take_what_was_paid(
    app: Flask, alice: Person, at_stripe: Stripe, deliver, while_held, plan: str, kind: str
) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy(plan).location))
    for event in at_stripe.events("checkout.session.completed", "invoice.paid"):
        deliver(event)
    told = {"amount_refunded": 300} if kind == "charge.refunded" else {"status": "needs_response"}

    answer = deliver_while_the_user_is_held(alice, deliver, about_the_charge(app, at_stripe, kind, told), while_held)

    assert answer.status_code == 200


def deliver_while_the_user_is_held(alice: Person, deliver, event: Json, while_held) -> Any:  # type: ignore[no-untyped-def]
    alice_id = alice.id

    def take_the_rest() -> None:
        for rows in (Order, Payment):
            db.session.scalars(db.select(rows).with_for_update(nowait=True)).all()

    return while_held(lambda: deliver(event), hold=lambda: lock_user(alice_id), change=take_the_rest)


def test_order_of_nobody_is_read_as_it_is_once_it_is_locked(app: Flask, paid: Json, deliver, while_held) -> None:
    with app.app_context():
        db.session.execute(db.update(Order).values(user_id=None))
        db.session.commit()
    # With nothing to ask Stripe about, it goes through in one.
    paid["data"]["object"]["invoice"] = None

    answer = while_held(
        lambda: deliver(paid),
        hold=lambda: db.session.scalars(db.select(Order).with_for_update()).one(),
        change=lambda: db.session.execute(db.update(Order).values(state="refunded")),
    )

    assert (answer.status_code, order_states(app)) == (200, ["refunded"])


@pytest.mark.parametrize(
    ("kind", "told", "meanwhile"),
    [
        # A part came back of what was refunded, which was all of it a moment ago.
        ("charge.refunded", {"amount_refunded": 300}, {"state": "refunded"}),
        (
            "charge.dispute.created",
            {"status": "needs_response"},
            {"stripe_dispute_id": "du_1", "dispute_status": "lost"},
        ),
    ],
)
def test_refund_and_dispute_of_nobodys_order_wait_for_it(
    app: Flask, paid: Json, at_stripe: Stripe, deliver, while_held, kind: str, told: Json, meanwhile: Json
) -> None:
    deliver(paid)
    delete_everybody(app)
    event = about_the_charge(app, at_stripe, kind, told)

    answer = while_held(
        lambda: deliver(event),
        hold=lambda: db.session.scalars(db.select(Order).with_for_update()).one(),
        change=lambda: db.session.execute(db.update(Order).values(**meanwhile)),
    )

    assert answer.status_code == 200
    with app.app_context():
        order = db.session.scalars(db.select(Order)).one()
        # Refunded before, and only in part now: it stands again.
        expected = {"state": "fulfilled"} if kind == "charge.refunded" else meanwhile
        assert {name: getattr(order, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("kind", "told", "meanwhile"),
    [
        ("charge.refunded", {"amount_refunded": 300}, {"amount_refunded": 500}),
        ("charge.dispute.closed", {"status": "won"}, {"stripe_dispute_id": "du_0", "dispute_status": "lost"}),
    ],
)
def test_refund_and_dispute_of_nobodys_payment_wait_for_it(
    app: Flask, alice: Person, at_stripe: Stripe, deliver, while_held, kind: str, told: Json, meanwhile: Json
) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    for paid in at_stripe.events("checkout.session.completed", "customer.subscription.created", "invoice.paid"):
        deliver(paid)
    delete_everybody(app)
    event = about_the_charge(app, at_stripe, kind, told)

    answer = while_held(
        lambda: deliver(event),
        hold=lambda: db.session.scalars(db.select(Payment).with_for_update()).one(),
        change=lambda: db.session.execute(db.update(Payment).values(**meanwhile)),
    )

    assert answer.status_code == 200
    with app.app_context():
        payment = db.session.scalars(db.select(Payment)).one()
        assert {name: getattr(payment, name) for name in meanwhile} == meanwhile


def test_payment_for_what_a_deleted_user_bought_waits_for_its_subscription(
    app: Flask, alice: Person, at_stripe: Stripe, deliver, while_held
) -> None:
    """Two events of one such invoice take turns; there is no user to lock."""
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    for event in at_stripe.events("checkout.session.completed", "customer.subscription.created"):
        deliver(event)
    delete_everybody(app)
    [invoice] = at_stripe.events("invoice.paid")

    answer = while_held(
        lambda: deliver(invoice),
        hold=lambda: db.session.scalars(db.select(Subscription).with_for_update()).one(),
        change=lambda: None,
    )

    assert answer.status_code == 200


def test_session_of_an_order_that_is_given_up_while_it_is_made_sells_nothing(
    app: Flask, alice: Person, at_stripe: Stripe, while_held
) -> None:
    first = session_id_in(alice.buy("pro").location)
    with app.app_context():
        db.session.execute(db.update(Order).values(stripe_checkout_session_id=None, checkout_expires_at=None))
        db.session.commit()

    answer = while_held(
        lambda: alice.buy("pro"),
        hold=lambda: db.session.scalars(db.select(Order).with_for_update()).one(),
        change=lambda: db.session.execute(db.update(Order).values(state="expired")),
    )

    assert session_id_in(answer.location) != first
    assert at_stripe.session(first)["status"] == "expired"


def test_two_tabs_share_the_order_that_the_first_one_opened(app: Flask, alice: Person, while_held) -> None:
    alice_id, first = alice.id, alice.buy("pro").location
    with app.app_context():
        db.session.execute(db.update(Order).values(state="expired"))
        db.session.commit()

    answer = while_held(
        lambda: alice.buy("pro"),
        hold=lambda: lock_user(alice_id),
        change=lambda: db.session.execute(db.update(Order).values(state="pending")),
    )

    assert (answer.location, order_states(app)) == (first, ["pending"])


def test_mirror_is_read_again_once_its_user_is_locked(
    app: Flask, alice: Person, deliver, at_stripe: Stripe, while_held
) -> None:
    at_stripe.mute()
    alice.buy("pro")
    alice_id = alice.id
    with app.app_context():
        customer = db.session.scalars(db.select(StripeCustomer.stripe_customer_id)).one()
        # Then the event takes the general way.
        grant_role(db.session.get_one(User, alice_id), BASIC, None, "the operator")
    trying = at_stripe.subscribe(customer, at_stripe.price("shop_pro_month"), trial_period_days=14)
    deliver(at_stripe.events("customer.subscription.created")[0])
    at_stripe.v1.subscriptions.update(trying["id"], {"trial_end": "now"})
    late = event_of("customer.subscription.updated", trying | {"status": "unpaid"})
    newer = {"status": "active", "snapshot_at": utcnow() + timedelta(minutes=2)}

    answer = while_held(
        lambda: deliver(late | {"created": late["created"] + 60}),
        hold=lambda: lock_user(alice_id),
        change=lambda: db.session.execute(db.update(Subscription).values(**newer)),
    )

    assert answer.status_code == 200
    with app.app_context():
        assert db.session.get_one(Subscription, trying["id"]).status == "active"


def test_user_is_read_again_once_locked(app: Flask, alice: Person, while_held) -> None:
    alice_id = alice.id

    def role_once_locked() -> str:
        with app.app_context():
            user = db.session.get_one(User, alice_id)
            lock_user(alice_id)
            return user.role

    answer = while_held(
        role_once_locked,
        hold=lambda: lock_user(alice_id),
        change=lambda: db.session.execute(db.update(User).values(role="basic")),
    )

    assert answer == "basic"


def test_comparison_waits_for_what_is_going_on_with_its_user(app: Flask, alice: Person, while_held) -> None:
    alice_id = alice.id

    def sync() -> int:
        with app.app_context():
            sync_user(db.session.get_one(User, alice_id))
            return db.session.get_one(User, alice_id).billing_version

    def version() -> int:
        return db.session.get_one(User, alice_id).billing_version

    assert while_held(sync, hold=lambda: lock_user(alice_id), change=version) == 2


def test_link_that_is_used_while_its_row_is_held_is_dead(app: Flask, alice: Person, while_held) -> None:
    alice.post("/forgot-password", page="/forgot-password", email=alice.email)
    path = link_path(app, "password_reset", alice.email)
    token = alice.csrf_token()

    answer = while_held(
        lambda: alice.client.post(path, data={"csrf_token": token, "password": "another horse, other batteries"}),
        hold=lambda: db.session.scalars(db.select(User).with_for_update()).one(),
        change=lambda: db.session.execute(db.update(User).values(password_hash="of a link that was quicker")),
    )

    assert answer.status_code == 400


def test_token_is_read_with_its_user_as_they_are_once_locked(app: Flask, alice: Person, while_held) -> None:
    alice_id = alice.id

    def read() -> User | None:
        with app.test_request_context():
            user = db.session.get_one(User, alice_id)
            return read_token(make_token(user, Purpose.RESET_PASSWORD), Purpose.RESET_PASSWORD)

    owner = while_held(
        read,
        hold=lambda: lock_user(alice_id),
        change=lambda: db.session.execute(db.update(User).values(password_hash="of a link that was quicker")),
    )

    assert owner is None


def test_second_step_counts_for_nothing_once_the_password_is_another(app: Flask, alice: Person, while_held) -> None:
    phone, alice_id = Phone.of(alice), alice.id
    browser = logging_in(alice)

    answer = while_held(
        lambda: second_step(browser, phone.code()),
        hold=lambda: lock_user(alice_id),
        change=lambda: db.session.execute(db.update(User).values(password_hash="a new one")),
    )

    assert (answer.location, browser.is_signed_in) == ("/login", False)


def test_who_is_made_an_admin_meanwhile_is_not_suspended(app: Flask, alice: Person, while_held) -> None:
    alice_id = alice.id

    def suspend() -> None:
        support.suspend(db.session.get_one(User, alice_id), actor="olga@example.com", reason="spam")

    while_held(
        lambda: refused(app, suspend),
        hold=lambda: lock_user(alice_id),
        change=lambda: db.session.execute(db.update(User).values(is_admin=True)),
    )


@pytest.mark.parametrize(
    "leave", [partial(support.set_admin, is_admin=False, actor="bob@example.com"), delete_account], ids=["act", "leave"]
)
def test_of_two_admins_who_leave_at_once_one_stays(
    app: Flask, alice: Person, bob: Person, while_held, leave: Callable[[User], None]
) -> None:
    alice.become_admin()
    bob.become_admin()
    alice_id, bob_id = alice.id, bob.id

    while_held(
        lambda: refused(app, lambda: leave(db.session.get_one(User, alice_id))),
        hold=lambda: lock_user(bob_id),
        change=lambda: db.session.execute(db.update(User).where(User.id == bob_id).values(is_admin=False)),
    )


def test_order_that_is_refunded_meanwhile_is_given_to_nobody(
    app: Flask, alice: Person, paid: Json, deliver, while_held
) -> None:
    deliver(paid)
    alice_id = alice.id
    with app.app_context():
        db.session.execute(db.update(Order).values(user_id=None, state="mismatched"))
        db.session.commit()

    def attach() -> None:
        order = db.session.scalars(db.select(Order)).one()
        attach_order(order, db.session.get_one(User, alice_id), current_scope(), actor="olga@example.com")

    while_held(
        lambda: refused(app, attach),
        hold=lambda: db.session.scalars(db.select(Order).with_for_update()).one(),
        change=lambda: db.session.execute(db.update(Order).values(state="refunded")),
    )


def refused(app: Flask, act: Callable[[], None]) -> None:
    """Try to do what cannot be done."""
    with app.test_request_context(method="POST"), pytest.raises((CannotBeDone, LastAdmin)):
        act()


@pytest.mark.parametrize(
    "give", [partial(grant_role, role=BASIC, until=None, granted_by="olga"), partial(revoke_grants, revoked_by="olga")]
)
def test_audit_of_a_grant_tells_the_role_that_was_there_once_the_user_was_locked(
    app: Flask, alice: Person, while_held, give: Callable[[User], Any]
) -> None:
    alice_id = alice.id

    def act() -> None:
        with app.app_context():
            give(db.session.get_one(User, alice_id))

    while_held(
        act,
        hold=lambda: lock_user(alice_id),
        change=lambda: db.session.execute(db.update(User).values(role="pro", role_rank=20)),
    )

    with app.app_context():
        assert db.session.scalars(db.select(RoleChange.role_before)).all() == ["pro"]
