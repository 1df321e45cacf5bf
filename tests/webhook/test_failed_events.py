"""Events that fail: the operator is told once, and it is over when none is left."""

from collections.abc import Callable

from flask import Flask

from app.billing.webhooks.process import replay
from app.mail.alerts import open_alerts
from tests.mail.mailbox import mails
from tests.stripe_actions import event_of, signed

SECRET = "whsec_of_this_test"
DELETED = event_of("customer.deleted", {"id": "cus_foreign", "object": "customer"})


def send(app: Flask, **changes: str) -> int:
    body, headers = signed({**DELETED, **changes}, SECRET)
    return app.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code


def alerts(app: Flask) -> list[str]:
    with app.app_context():
        return [alert.message for alert in open_alerts("failed_events")]


def test_failed_events_are_told_once_and_over_when_none_is_left(app: Flask, app_with: Callable[..., Flask]) -> None:
    settings = {"stripe_webhook_secret": SECRET, "operator_email": "ops@example.com"}
    cut_off = app_with(stripe_api_base="http://127.0.0.1:9", **settings)
    mended = app_with(**settings)

    assert [send(cut_off, id=event_id) for event_id in ("evt_1", "evt_2")] == [500, 500]
    assert alerts(app) == ["An event could not be processed: evt_2 (customer.deleted)."]
    assert mails(app, to="ops@example.com") == [("operator_alert", "ops@example.com")]

    assert send(mended, id="evt_1") == 200
    assert len(alerts(app)) == 1
    with mended.app_context():
        replay("evt_2")

    assert alerts(app) == []
