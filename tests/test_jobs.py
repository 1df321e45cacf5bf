"""The jobs beside the requests."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from itsdangerous import BadSignature
from pydantic import SecretStr

from app import jobs, retention
from app.auth.models import UserSession
from app.billing.errors import StripeUnavailable
from app.billing.gateway.client import StripeGateway
from app.billing.models.stripe import StripeEvent
from app.chores import LEASE, Chore, Claim, ClaimLost, look_up
from app.config.settings import Settings
from app.database import db, utcnow
from app.mail.alerts import open_alerts
from app.mail.outbox import OutboxMail, queue_mail
from tests.mail.mailbox import mails
from tests.mail.smtp_server import SmtpServer
from tests.people import Person

ROOT = Path(__file__).parents[1]


@pytest.fixture
def working(app: Flask, settings: Settings) -> Iterator[Flask]:
    """The application with an empty queue, and a mail server."""
    with SmtpServer() as server, app.app_context():
        app.extensions["settings"] = settings.model_copy(
            update={"mail_url": SecretStr(f"smtp://127.0.0.1:{server.port}")}
        )
        jobs.get_jobs().huey.flush()
        missed_nights()
        yield app
        jobs.get_jobs().huey.flush()
        app.extensions["settings"] = settings


def missed_nights() -> None:
    """Nobody has come to the night's work since a week."""
    db.session.merge(Chore(name=jobs.NIGHT, done_at=utcnow() - timedelta(days=7)))
    db.session.commit()


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_sent() -> bool:
    found = db.session.scalar(db.select(OutboxMail.sent_at))
    # On SQLite even a read keeps others from writing while it lasts.
    db.session.rollback()
    return bool(found)


def queue() -> None:
    context = {"url": "https://example.com", "amount": 900, "currency": "usd", "plan_name": "Basic"}
    queue_mail("order_confirmed", to="alice@example.com", cause="test", context=context)
    db.session.commit()


def test_consumer_thread_delivers_what_is_queued(working: Flask) -> None:
    consumer = jobs.start_consumer_thread(working)
    try:
        queue()
        jobs.deliver_soon()
        assert wait_for(is_sent)
    finally:
        consumer.stop(graceful=True)


@pytest.mark.parametrize(("commits", "waiting"), [(True, 1), (False, 0)])
def test_mail_wakes_the_delivery_once_it_is_committed(working: Flask, commits: bool, waiting: int) -> None:
    queue_mail("welcome", to="alice@example.com", cause="test")
    if commits:
        db.session.commit()
    else:
        db.session.rollback()
        db.session.commit()

    assert jobs.get_jobs().huey.pending_count() == waiting


def test_deliver_soon_never_raises_into_the_request(
    app: Flask, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    kept = app.extensions.pop("jobs", None)
    app.extensions["settings"] = settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:9/0")})
    with app.app_context():
        jobs.deliver_soon()

    app.extensions["settings"] = settings
    app.extensions.pop("jobs")
    app.extensions.pop(jobs.NOT_BEFORE)
    if kept:
        app.extensions["jobs"] = kept


def test_every_minute_sends_what_was_missed_and_shows_a_heartbeat(working: Flask) -> None:
    assert jobs.last_heartbeat() is None
    queue()

    jobs.work_every_minute()

    assert is_sent()
    beat = jobs.last_heartbeat()
    assert beat is not None
    assert utcnow() - beat < timedelta(minutes=1)


def test_every_night_repairs_the_roles_once_a_night(working: Flask, alice: Person, catalogue: None) -> None:
    db.session.execute(db.text("UPDATE users SET role = 'pro'"))
    db.session.commit()

    jobs.work_every_night()

    assert alice.role == "free"
    db.session.execute(db.text("UPDATE users SET role = 'pro'"))
    db.session.commit()
    jobs.work_every_night()
    assert alice.role == "pro"


def test_a_new_site_has_missed_no_night(working: Flask, alice: Person) -> None:
    db.session.execute(db.delete(Chore))
    db.session.execute(db.text("UPDATE users SET role = 'pro'"))
    db.session.commit()

    jobs.work_every_night()

    assert alice.role == "pro"


def test_nights_work_that_failed_is_told_and_taken_up_again(
    working: Flask, settings: Settings, alice: Person, catalogue: None
) -> None:
    db.session.execute(db.text("UPDATE users SET role = 'pro'"))
    db.session.commit()
    operator = settings.model_copy(update={"operator_email": "ops@example.com"})
    reachable, working.extensions["settings"] = working.extensions["stripe_gateway"], operator
    away = settings.model_copy(update={"stripe_api_base": "http://127.0.0.1:9"})
    working.extensions["stripe_gateway"] = StripeGateway(away)
    with pytest.raises(StripeUnavailable):
        jobs.work_every_night()
    working.extensions["stripe_gateway"] = reachable
    told = [alert.message for alert in open_alerts(jobs.NIGHT_FAILED)]
    assert jobs.last_reconcile() is None
    db.session.rollback()
    assert [line[:43] for line in told] == ["The night's work failed: StripeUnavailable:"]
    assert ("operator_alert", "ops@example.com") in mails(working)

    # Not at once: what is away now is most likely away in a minute.
    jobs.work_every_night()
    assert alice.role == "pro"
    let_claims_end()
    jobs.work_every_night()

    assert alice.role == "free"
    assert open_alerts(jobs.NIGHT_FAILED) == []
    found = jobs.last_reconcile()
    assert found is not None
    assert found["has_access_without_paying"] == 1


def let_claims_end() -> None:
    """So much time has passed that nobody has a claim on anything."""
    db.session.execute(db.update(Chore).values(claimed_until=utcnow() - timedelta(seconds=1)))
    db.session.commit()


def test_nights_work_of_a_machine_that_died_is_done_by_another(working: Flask, alice: Person, catalogue: None) -> None:
    db.session.execute(db.text("UPDATE users SET role = 'pro'"))
    db.session.commit()
    dead = Claim(jobs.NIGHT)
    assert dead.take(utcnow())

    jobs.work_every_night()
    assert alice.role == "pro"
    # Nothing was heard of it for the length of a lease.
    let_claims_end()
    jobs.work_every_night()

    assert alice.role == "free"
    with pytest.raises(ClaimLost):
        dead.finish({})


def test_claim_lasts_as_long_as_it_is_renewed(working: Flask) -> None:
    def until() -> datetime:
        chore = look_up(jobs.NIGHT)
        assert chore is not None
        assert chore.claimed_until is not None
        claimed_until = chore.claimed_until
        db.session.rollback()
        return claimed_until

    mine = Claim(jobs.NIGHT)
    assert mine.take(utcnow())
    first = until()
    mine.renew()
    assert until() == first

    mine.renewed_at -= LEASE
    mine.renew()

    assert until() > first


def test_clean_up_forgets_ended_sessions_and_old_contents(working: Flask, alice: Person) -> None:
    long_ago = utcnow() - timedelta(days=200)
    db.session.execute(db.update(UserSession).values(expires_at=long_ago))
    db.session.add(
        StripeEvent(
            id="evt_old", type="x", outcome="processed", payload="{}", created_at=long_ago, received_at=long_ago
        )
    )
    queue()
    db.session.execute(db.update(OutboxMail).values(created_at=long_ago))
    db.session.commit()

    retention.clean_up()

    assert db.session.scalar(db.select(db.func.count()).select_from(UserSession)) == 0
    assert db.session.scalar(db.select(StripeEvent.payload)) is None
    mail = db.session.scalars(db.select(OutboxMail).where(OutboxMail.cause == "test")).one()
    assert (mail.context, mail.to_email) == ({}, "")


def test_clean_up_empties_a_mail_that_was_given_up(working: Flask) -> None:
    queue()
    db.session.execute(db.update(OutboxMail).values(created_at=utcnow() - timedelta(days=8)))
    db.session.commit()

    retention.clean_up()

    mail = db.session.scalars(db.select(OutboxMail).where(OutboxMail.cause == "test")).one()
    assert (mail.context, mail.to_email) == ({}, "alice@example.com")


def test_jobs_signed_with_another_key_are_not_taken(working: Flask) -> None:
    huey = jobs.get_jobs().huey
    huey.storage.enqueue(b"\x80\x04K\x01.:0000000000000000000000000000000000000000")

    with pytest.raises(BadSignature):
        huey.dequeue()


def test_jobs_signed_with_the_key_before_are_still_taken(app_with: Callable[..., Flask]) -> None:
    old, new = "o" * 32, "n" * 32
    with app_with(secret_key=SecretStr(old)).app_context():
        jobs.get_jobs().huey.flush()
        jobs.get_jobs().deliver()

    with app_with(secret_key=SecretStr(f"{new},{old}")).app_context():
        task = jobs.get_jobs().huey.dequeue()
        jobs.get_jobs().huey.flush()

    assert task is not None
    assert task.name == "deliver"


@pytest.mark.slow
def test_flask_jobs_run_delivers_and_stops_when_asked_to(working: Flask, settings: Settings) -> None:
    environment = {
        **os.environ,
        "APP_ENV": "testing",
        "BASE_URL": settings.base_url,
        "INSTANCE_PATH": str(settings.instance_path),
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "MAIL_URL": working.extensions["settings"].mail_url.get_secret_value(),
    }
    queue()
    flask = Path(sys.executable).with_name("flask")
    with subprocess.Popen([flask, "jobs", "run"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as consumer:
        try:
            jobs.deliver_soon()
            assert wait_for(is_sent, seconds=60)
            assert jobs.last_heartbeat() is not None
            db.session.rollback()
        finally:
            consumer.terminate()
            assert consumer.wait(timeout=60) == 0
