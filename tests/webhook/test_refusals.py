"""Webhooks that are refused: the operator hears of it, everywhere that they look."""

import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.billing.webhooks.refusals import WRITTEN_IN_A_ROW, refusals
from app.database import db
from app.mail.alerts import Alert
from tests.commands.conftest import Run, run  # noqa: F401
from tests.mail.mailbox import mails
from tests.people import Person
from tests.stripe_actions import Stripe, event_of, signed

pytestmark = pytest.mark.usefixtures("catalogue")
EVENT = event_of("product.created", {"id": "prod_1", "object": "product"})
Deliver = Callable[..., TestResponse]


@pytest.fixture
def olga(app: Flask, user_of) -> Person:  # type: ignore[no-untyped-def]
    """The operator, signed in."""
    person = Person.sign_up(app, "olga@example.com")
    with app.app_context():
        user_of("olga@example.com").is_admin = True
        db.session.commit()
    return person


def refused(app: Flask) -> list[tuple[str, int]]:
    with app.app_context():
        return [(alert.cause, alert.count) for alert in db.session.scalars(db.select(Alert).order_by(Alert.cause))]


def test_a_wrong_secret_is_logged_and_counted_without_secret_or_body(app: Flask, deliver: Deliver, caplog) -> None:
    for _ in range(2):
        deliver(EVENT, secret="whsec_somebody_else")

    assert refused(app) == [("webhook_refused:wrong_signature", 2)]
    [first, _] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "STRIPE_WEBHOOK_SECRET" in first.getMessage()
    assert "whsec_" not in caplog.text
    assert "prod_1" not in caplog.text


def test_a_clock_that_is_wrong_is_told_apart_from_a_wrong_secret(app: Flask, deliver: Deliver) -> None:
    answer = deliver(EVENT, at=time.time() - 3600)

    assert "clock" in answer.json["error"]
    assert refused(app) == [("webhook_refused:old_signature", 1)]


def test_a_body_that_a_proxy_changed_and_a_header_that_it_dropped_are_counted(app: Flask) -> None:
    body, headers = signed(EVENT, app.extensions["settings"].webhook_secrets[0])

    app.test_client().post("/webhooks/stripe", data=body + b"\n", headers=headers)
    app.test_client().post("/webhooks/stripe", data=body)

    assert [cause for cause, _ in refused(app)] == ["webhook_refused:no_signature", "webhook_refused:wrong_signature"]


@pytest.mark.needs("app/admin")
def test_overview_status_and_check_say_that_webhooks_are_refused(deliver: Deliver, olga: Person, run: Run) -> None:  # noqa: F811
    deliver(EVENT, secret="whsec_somebody_else")

    assert "Webhooks are refused: No secret of STRIPE_WEBHOOK_SECRET matches" in olga.get("/admin/").text
    assert "All is in order" not in olga.get("/admin/").text
    status = run("billing", "status")
    assert "Webhooks are refused: No secret of STRIPE_WEBHOOK_SECRET matches" in status.output
    assert status.exit_code == 1
    check = run("billing", "check")
    assert check.exit_code == 1
    assert "FAIL   webhooks are accepted" in check.output


@pytest.mark.needs("app/admin")
def test_a_webhook_that_is_accepted_ends_it(deliver: Deliver, olga: Person, run: Run) -> None:  # noqa: F811
    deliver(EVENT, secret="whsec_somebody_else")

    deliver(EVENT)

    assert "Webhooks are refused" not in olga.get("/admin/").text
    status = run("billing", "status")
    assert ("refused" in status.output, status.exit_code) == (False, 0)
    assert "ok     webhooks are accepted" in run("billing", "check").output


def test_refusals_are_mailed_when_they_go_on(app_with: Callable[..., Flask]) -> None:
    app = app_with(operator_email="olga@example.com")
    body, headers = signed(EVENT, "whsec_somebody_else")

    told = []
    for _ in range(4):
        app.test_client().post("/webhooks/stripe", data=body, headers=headers)
        told.append(len(mails(app, to="olga@example.com")))

    assert told == [0, 0, 1, 1]


def test_one_refusal_now_and_then_is_no_news(app_with: Callable[..., Flask]) -> None:
    app = app_with(operator_email="olga@example.com")
    secret = app.extensions["settings"].webhook_secrets[0]

    for number in range(4):
        for used in ("whsec_somebody_else", secret):
            body, headers = signed({**EVENT, "id": f"evt_{number}"}, used)
            app.test_client().post("/webhooks/stripe", data=body, headers=headers)

    assert mails(app, to="olga@example.com") == []


def test_check_asks_stripe_for_deliveries_that_failed(app: Flask, at_stripe: Stripe, run: Run) -> None:  # noqa: F811
    at_stripe.mute()
    before = run("billing", "check").output
    at_stripe.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/nobody", "enabled_events": ["*"]})
    at_stripe.v1.customers.delete(at_stripe.v1.customers.create({}).id)

    after = run("billing", "check")

    assert "ok     Stripe could deliver its events" in before
    told = " ".join(after.output.split())
    assert "FAIL Stripe could deliver its events 1 of the last 3 days did not arrive" in told
    assert after.exit_code == 1


def test_a_delivery_that_was_made_up_for_is_no_failure(
    app: Flask,
    at_stripe: Stripe,
    deliver: Deliver,
    run: Run,  # noqa: F811
) -> None:
    at_stripe.mute()
    at_stripe.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/nobody", "enabled_events": ["*"]})
    at_stripe.v1.customers.delete(at_stripe.v1.customers.create({}).id)
    [deleted] = at_stripe.events("customer.deleted")

    deliver(deleted)

    assert "ok     Stripe could deliver its events" in run("billing", "check").output


def test_a_flood_of_forged_webhooks_is_not_written_down(client: FlaskClient, app: Flask) -> None:
    answers = {client.post("/webhooks/stripe", data=b"{}").status_code for _ in range(50)}

    assert answers == {400}
    with app.app_context():
        assert [alert.count for alert in refusals()] == [WRITTEN_IN_A_ROW]
