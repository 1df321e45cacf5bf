"""The short way that nearly every event takes: its rules are those of the general way."""

import copy
import fcntl
import os
import stat
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app.auth.models import User
from app.billing.gateway.account import current_scope
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.roles.grants import grant_role
from app.billing.webhooks import fast_path
from app.billing.webhooks.event import Event
from app.billing.webhooks.fast_path_sql import FastConnection
from app.billing.webhooks.process import process
from app.database import db, utcnow
from tests.catalogue import PRO
from tests.people import Person
from tests.stripe_actions import Json, Stripe, session_id_in, signed

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def newer(alice: Person, at_stripe: Stripe, deliver) -> Callable[..., Json]:
    """Alice has Pro; events of her subscription, each a minute newer than the one before."""
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    bought = at_stripe.events("customer.subscription.created")[0]
    deliver(bought)
    count = iter(range(1, 1000))

    def make(**changed: object) -> Json:
        number = next(count)
        event = copy.deepcopy(bought)
        event |= {"id": f"evt_steady{number}", "type": "customer.subscription.updated"}
        event["created"] += 60 * number
        event["data"]["object"] |= changed
        return event

    return make


def settled(app: Flask, event: Json) -> str | None:
    """What the short way alone makes of an event."""
    read = Event.parse(signed(event, "whsec")[0])
    with app.app_context():
        return fast_path.apply(read, current_scope())


def settled_after(app: Flask, event: Json, meanwhile: Callable[[], object]) -> str | None:
    """The same, when something happens after its reading and before its writing."""
    read = Event.parse(signed(event, "whsec")[0])
    with app.app_context():

        class Interrupted(FastConnection):
            def read(self, values: Json) -> object:
                found = super().read(values)
                meanwhile()
                return found

        with Interrupted(db.engine) as connection:
            return fast_path.apply_on(connection, read, current_scope())


def state_of(app: Flask) -> tuple[object, ...]:
    with app.app_context():
        user, row = db.session.scalars(db.select(User)).one(), db.session.scalars(db.select(Subscription)).one()
        return user.role, user.role_expires_at, row.status, row.snapshot_at, row.cancel_at_period_end


def test_newer_event_of_a_known_subscription_takes_effect(app: Flask, alice: Person, newer) -> None:
    outcome = settled(app, newer(status="unpaid"))

    assert (outcome, alice.role) == ("processed", "free")


def test_what_changed_is_written_down(app: Flask, newer) -> None:
    event = newer(status="unpaid")

    settled(app, event)

    with app.app_context():
        recorded = db.session.get_one(StripeEvent, event["id"])
        audit = db.session.scalars(db.select(RoleChange).order_by(RoleChange.id.desc())).first()
        assert recorded.changes == {
            event["data"]["object"]["id"]: {"before": {"status": "active"}, "after": {"status": "unpaid"}},
            "user": {"before": {"role": "pro"}, "after": {"role": "free"}},
        }
        assert (audit.cause, audit.role_before, audit.role_after) == (event["id"], "pro", "free")


def test_general_way_comes_to_the_same(app: Flask, newer) -> None:
    event = newer(cancel_at_period_end=True)
    settled(app, event)
    short = state_of(app)
    with app.app_context():
        row = db.session.scalars(db.select(Subscription)).one()
        row.cancel_at_period_end, row.snapshot_at = False, row.snapshot_at - timedelta(hours=1)
        db.session.commit()

        process(Event.parse(signed(event, "whsec")[0]), again=True)

    assert state_of(app) == short


def test_copy_of_an_event_changes_nothing(app: Flask, newer) -> None:
    event = newer(cancel_at_period_end=True)
    settled(app, event)
    before = state_of(app)

    outcome = settled(app, event)

    assert (outcome, state_of(app)) == ("processed", before)


@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="about SQLite's file")
def test_writers_of_a_sqlite_file_wait_in_a_line_that_is_private(app: Flask, newer) -> None:
    with app.app_context():
        line = Path(f"{db.engine.url.database}-line")
    settled(app, newer(cancel_at_period_end=True))
    waiting = threading.Thread(target=settled, args=(app, newer(status="unpaid")))
    with line.open() as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        waiting.start()
        waiting.join(0.5)
        before = state_of(app)[2]
    waiting.join(10)

    assert (before, state_of(app)[2]) == ("active", "unpaid")
    assert stat.S_IMODE(line.stat().st_mode) == 0o600


def test_event_that_failed_before_is_left_to_the_general_way(app: Flask, newer) -> None:
    event = newer(status="unpaid")
    with app.app_context():
        failed = StripeEvent(id=event["id"], type=event["type"], outcome="failed", created_at=utcnow())
        db.session.add(failed)
        db.session.commit()

    assert settled(app, event) is None


@pytest.mark.parametrize("changed", [{"status": "canceled"}, {"items": {"data": []}}])
def test_what_is_unusual_is_left_to_the_general_way(app: Flask, newer, changed: Json) -> None:
    before = state_of(app)

    outcome = settled(app, newer(**changed))

    assert (outcome, state_of(app)) == (None, before)


@pytest.mark.parametrize("moved", [{"livemode": True}, {"stripe_account": "acct_another"}])
def test_subscription_of_another_account_or_mode_is_left_to_the_general_way(
    app: Flask, newer, moved: dict[str, object]
) -> None:
    event = newer(cancel_at_period_end=True)
    with app.app_context():
        db.session.execute(sa.update(Subscription).values(**moved))
        db.session.commit()
    before = state_of(app)

    outcome = settled(app, event)

    assert (outcome, state_of(app)) == (None, before)


def test_event_that_is_not_newer_is_left_to_the_general_way(app: Flask, newer) -> None:
    older, event = newer(), newer()
    settled(app, event)

    assert settled(app, older) is None


def test_role_with_another_source_is_left_to_the_general_way(app: Flask, alice: Person, newer) -> None:
    with app.app_context():
        grant_role(db.session.get_one(User, alice.id), PRO, None, "the operator")
    event = newer(status="unpaid")

    outcome = settled(app, event)

    with app.app_context():
        assert db.session.get(StripeEvent, event["id"]) is None
    assert (outcome, alice.role) == (None, "pro")


def test_grant_that_comes_while_the_event_waits_for_the_lock_counts(app: Flask, alice: Person, newer, deliver) -> None:
    """The grant's transaction holds the user; the event sees it once it is through."""
    event = newer(status="unpaid")
    with app.app_context():
        user = db.session.scalar(db.select(User).where(User.id == alice.id).with_for_update())
        thread = threading.Thread(target=deliver, args=(event,))
        thread.start()
        thread.join(timeout=1)
        grant_role(user, PRO, None, "the operator")
        thread.join()

    assert alice.role == "pro"


def test_grant_that_comes_after_the_reading_counts(app: Flask, alice: Person, newer) -> None:
    event = newer(status="unpaid")

    outcome = settled_after(
        app, event, lambda: grant_role(db.session.get_one(User, alice.id), PRO, None, "the operator")
    )

    assert (outcome, alice.role, recorded(app, event)) == (None, "pro", None)


def test_copy_that_is_quicker_leaves_nothing_to_write(app: Flask, newer) -> None:
    event = newer(status="unpaid")

    outcome = settled_after(app, event, lambda: settled(app, event))

    assert outcome is None
    with app.app_context():
        assert db.session.scalar(db.select(db.func.count()).where(RoleChange.cause == event["id"])) == 1


def test_event_recorded_after_the_reading_takes_no_effect_by_half(app: Flask, newer) -> None:
    event, before = newer(status="unpaid"), state_of(app)

    def ignore() -> None:
        db.session.add(StripeEvent(id=event["id"], type=event["type"], outcome="ignored", created_at=utcnow()))
        db.session.commit()

    outcome = settled_after(app, event, ignore)

    assert (outcome, state_of(app), recorded(app, event)) == (None, before, "ignored")


def test_period_that_ends_with_the_calendar_is_asked_about(deliver, alice: Person, newer) -> None:
    """Such a time with the days of grace added is none that can be written."""
    event = newer()
    event["data"]["object"]["items"]["data"][0]["current_period_end"] = 253_402_300_799

    assert (deliver(event).status_code, alice.role) == (200, "pro")


def test_amount_that_no_row_holds_is_asked_about(deliver, alice: Person, newer) -> None:
    event = newer()
    item = event["data"]["object"]["items"]["data"][0]
    item["quantity"], item["price"]["unit_amount"] = 4, 2**62

    assert (deliver(event).status_code, alice.role) == (200, "pro")


def test_migration_of_what_is_read_fails_no_event(app: Flask, alice: Person, newer) -> None:
    """A server runs on while the database is migrated, and its connections keep their prepared statements."""
    if "postgresql" not in app.extensions["settings"].database_url.get_secret_value():
        pytest.skip("SQLite prepares its statements again by itself.")
    outcomes = [settled(app, newer(status=status)) for status in ("unpaid", "active") * 8]
    with app.app_context():
        _widen_status(60)

    outcomes += [settled(app, newer(status=status)) for status in ("unpaid", "active", "unpaid")]

    with app.app_context():
        _widen_status(32)
    assert (set(outcomes), alice.role) == ({"processed"}, "free")


def _widen_status(length: int) -> None:
    db.session.execute(sa.text(f"ALTER TABLE subscriptions ALTER COLUMN status TYPE varchar({length})"))
    db.session.commit()


def recorded(app: Flask, event: Json) -> str | None:
    with app.app_context():
        return db.session.scalar(db.select(StripeEvent.outcome).where(StripeEvent.id == event["id"]))
