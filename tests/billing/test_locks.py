"""Who holds what, and who waits for whom: a transaction of the test's own holds a lock, and looks."""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.auth.models import User
from app.billing.customers import lock_user
from app.billing.models.payments import Order
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.billing.reconcile.users import sync_user
from app.billing.roles.grants import grant_role
from app.database import db, utcnow
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


def order_states(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(Order.state)))


def test_event_waits_for_the_user_before_it_takes_the_order(
    app: Flask, alice: Person, paid: Json, deliver, while_held
) -> None:
    """Whoever has the user may want the order next: the other way round, the two would wait for each other."""
    alice_id = alice.id

    answer = while_held(
        lambda: deliver(paid),
        hold=lambda: lock_user(alice_id),
        change=lambda: db.session.scalars(db.select(Order).with_for_update(nowait=True)).one(),
    )

    assert (answer.status_code, order_states(app)) == (200, ["fulfilled"])


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
