"""The pre-launch checklist: fine in development, strict in production."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from pydantic import SecretStr

from app import jobs
from app.billing.gateway.account import current_scope
from app.billing.gateway.client import get_gateway
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.setup.checks import Check, Mark, record_checks, stripe_checks
from app.commands.deployment_checks import deployment_checks
from app.config.settings import Settings
from app.database import db, utcnow
from app.mail.outbox import OutboxMail, queue_mail
from tests.mail.smtp_server import SmtpServer


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


def by_name(checks: Iterator[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def record(event_id: str, outcome: str) -> None:
    db.session.add(StripeEvent(id=event_id, type="invoice.paid", outcome=outcome, created_at=utcnow()))
    db.session.commit()


@pytest.mark.parametrize(("app_env", "mark"), [("development", Mark.LATER), ("production", Mark.FAIL)])
def test_what_only_a_launch_needs_fails_in_production_alone(
    context: Flask, settings: Settings, app_env: str, mark: Mark
) -> None:
    bare = settings.model_copy(update={"app_env": app_env, "database_url": SecretStr("")})

    found = by_name(deployment_checks(bare)) | by_name(stripe_checks(get_gateway(), bare))

    for name in (
        "BASE_URL is https",
        "MAIL_FROM is your own address",
        "mail goes out",
        "live keys",
        "SECRET_KEY is set",
    ):
        assert found[name].mark == mark, name
    assert found["the database is PostgreSQL"].mark == mark


def test_deployment_that_is_ready_passes(context: Flask, settings: Settings) -> None:
    jobs.work_every_minute()
    with SmtpServer() as server:
        ready = settings.model_copy(
            update={
                "app_env": "production",
                "base_url": "https://example.com",
                "secret_key": SecretStr("x" * 32),
                "database_url": SecretStr("postgresql://db/example"),
                "mail_url": SecretStr(f"smtp://127.0.0.1:{server.port}"),
                "mail_from": "Example <hello@example.org>",
            }
        )
        context.extensions["settings"] = ready
        found = by_name(deployment_checks(ready))
        context.extensions["settings"] = settings

    # The tables of the tests are made from the models, not by migrations.
    found.pop("the database is at the newest migration")
    assert {name: check for name, check in found.items() if check.mark == Mark.FAIL} == {}


def test_mail_server_that_does_not_answer_fails(context: Flask, settings: Settings) -> None:
    away = settings.model_copy(update={"mail_url": SecretStr("smtp://user:secret@127.0.0.1:9")})
    context.extensions["settings"] = away

    found = by_name(deployment_checks(away))["mail goes out"]

    context.extensions["settings"] = settings
    assert found.mark == Mark.FAIL
    assert found.detail == "the server of MAIL_URL: ConnectionRefusedError"


def test_mail_that_is_stuck_fails(context: Flask, settings: Settings) -> None:
    queue_mail("welcome", to="alice@example.com", cause="test")
    db.session.execute(db.update(OutboxMail).values(created_at=utcnow() - timedelta(hours=2)))
    db.session.commit()

    found = by_name(deployment_checks(settings))["no mail is stuck"]

    assert (found.mark, found.detail) == (Mark.FAIL, "1 wait for more than an hour")


def test_failed_events_fail_and_the_last_one_is_named(context: Flask) -> None:
    assert by_name(record_checks())["an event has arrived"].mark == Mark.LATER
    record("evt_1", "failed")

    found = by_name(record_checks())

    assert found["an event has arrived"].detail.startswith("invoice.paid, ")
    assert found["no failed events"].mark == Mark.FAIL


def test_subscription_at_a_price_of_no_plan_fails_while_it_lives(context: Flask) -> None:
    account = current_scope().stripe_account
    subscription, *_ = rows = [
        Subscription(
            stripe_subscription_id=f"sub_{uuid.uuid4().hex}", stripe_customer_id="cus_1", stripe_account=of_account,
            livemode=livemode, status="active", stripe_price_id="price_unknown", snapshot_at=utcnow(),
        )
        for of_account, livemode in [(account, False), (account, True), ("acct_another", False)]
    ]  # fmt: skip
    db.session.add_all(rows)
    db.session.commit()
    name = "every subscription's price is of a plan"

    alive = by_name(record_checks())[name]
    subscription.status = "canceled"
    db.session.commit()
    ended = by_name(record_checks())[name]

    assert (alive.mark, alive.detail) == (Mark.FAIL, subscription.stripe_subscription_id)
    assert ended.mark == Mark.OK
