"""What the webhook answers, case by case, and what it stores."""

import json
import time
from http.client import HTTPConnection
from typing import Any

import pytest
from flask import Flask

from app.billing.models.stripe import StripeEvent
from app.database import db
from tests.stripe_actions import event_of, signed

CUSTOMER = {"id": "cus_foreign", "object": "customer"}
MEBIBYTE = 1024 * 1024


@pytest.fixture
def stored(app: Flask):  # type: ignore[no-untyped-def]
    """The recorded events."""

    def read() -> list[StripeEvent]:
        with app.app_context():
            return list(db.session.scalars(db.select(StripeEvent)))

    return read


def test_verified_event_of_an_unhandled_type_is_taken_and_recorded_as_ignored(deliver, stored) -> None:
    answer = deliver(event_of("product.created", {"id": "prod_1", "object": "product"}))

    assert (answer.status_code, answer.json) == (200, {"received": True})
    [event] = stored()
    assert (event.outcome, event.tries, event.type, event.object_id) == ("ignored", 1, "product.created", "prod_1")


def test_repeated_event_is_taken_again_and_recorded_once(deliver, stored) -> None:
    event = event_of("customer.deleted", CUSTOMER)

    answers = [deliver(event).status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert [(one.outcome, one.tries) for one in stored()] == [("ignored", 1)]


def test_body_signed_with_another_secret_is_refused(deliver, stored) -> None:
    answer = deliver(event_of("customer.deleted", CUSTOMER), secret="whsec_somebody_else")

    assert answer.status_code == 400
    assert "error" in answer.json
    assert stored() == []


@pytest.mark.parametrize(
    "header", [None, "", "nonsense", "t=1,v1=", "t=x,v1=abc", "v1=abc", "t=1", "\xff\xfe", "t=9" * 999]
)
def test_missing_or_broken_signature_is_refused(app: Flask, catalogue: None, stored, header: str | None) -> None:
    headers = {"Stripe-Signature": header} if header is not None else {}

    answer = app.test_client().post("/webhooks/stripe", data=b"{}", headers=headers)

    assert answer.status_code == 400
    assert stored() == []


def test_changed_body_is_refused(app: Flask, catalogue: None, stored) -> None:
    body, headers = signed(event_of("customer.deleted", CUSTOMER), app.extensions["settings"].webhook_secrets[0])

    answer = app.test_client().post("/webhooks/stripe", data=body + b" ", headers=headers)

    assert answer.status_code == 400
    assert stored() == []


def test_old_signature_is_refused(deliver, stored) -> None:
    answer = deliver(event_of("customer.deleted", CUSTOMER), at=time.time() - 301)

    assert answer.status_code == 400
    assert stored() == []


def test_signature_within_the_tolerance_is_taken(deliver) -> None:
    assert deliver(event_of("customer.deleted", CUSTOMER), at=time.time() - 280).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"event"',
        b"{}",
        b'{"object": "event"}',
        b"[" * 100_000,
        b"9" * 5000,
        json.dumps({**event_of("a.b", {}), "object": "charge"}).encode(),
        json.dumps({**event_of("a.b", {}), "id": None}).encode(),
        json.dumps({**event_of("a.b", {}), "id": ""}).encode(),
        json.dumps({**event_of("a.b", {}), "id": "evt_" + "x" * 252}).encode(),
        json.dumps({**event_of("a.b", {}), "id": "evt_\x00"}).encode(),
        json.dumps({**event_of("a.b", {}), "id": "evt_\ud800"}).encode(),
        json.dumps({**event_of("a.b", {}), "type": 7}).encode(),
        json.dumps({**event_of("a.b", {}), "created": "soon"}).encode(),
        json.dumps({**event_of("a.b", {}), "created": 1e300}).encode(),
        json.dumps({**event_of("a.b", {}), "created": 10**18}).encode(),
        json.dumps({**event_of("a.b", {}), "created": float("nan")}).encode(),
        json.dumps({**event_of("a.b", {}), "data": {"object": []}}).encode(),
        json.dumps({**event_of("a.b", {}), "data": None}).encode(),
    ],
)
def test_verified_body_that_is_no_event_is_refused(deliver, stored, body: bytes) -> None:
    answer = deliver(body)

    assert answer.status_code == 400
    assert "error" in answer.json
    assert stored() == []


def test_longest_id_that_a_row_holds_is_taken(deliver, stored) -> None:
    longest = "evt_" + "x" * 251

    answer = deliver(event_of("a.b", {}, id=longest))

    assert answer.status_code == 200
    assert [event.id for event in stored()] == [longest]


def test_body_larger_than_a_mebibyte_is_refused(deliver, stored) -> None:
    event = event_of("customer.deleted", {**CUSTOMER, "description": "x" * (1024 * 1024)})

    answer = deliver(event)

    assert answer.status_code == 413
    assert stored() == []


@pytest.mark.parametrize(("size", "status"), [(MEBIBYTE, 200), (MEBIBYTE + 1, 413), (MEBIBYTE + 65536, 413)])
@pytest.mark.parametrize("encode_chunked", [False, True])
def test_largest_body_is_a_mebibyte_with_a_length_and_without(
    site: str, app: Flask, encode_chunked: bool, size: int, status: int
) -> None:
    event = event_of("customer.deleted", {**CUSTOMER, "description": ""})
    event["data"]["object"]["description"] = "x" * (size - len(json.dumps(event)))
    body, headers = signed(event, app.extensions["settings"].webhook_secrets[0])
    connection = HTTPConnection(site.removeprefix("http://"))

    sent = (body[start : start + 65536] for start in range(0, len(body), 65536)) if encode_chunked else body
    connection.request("POST", "/webhooks/stripe", sent, headers, encode_chunked=encode_chunked)
    answer = connection.getresponse().status
    connection.close()

    assert (len(body), answer) == (size, status)


def test_body_without_a_length_is_taken(site: str, app: Flask) -> None:
    body, headers = signed(event_of("customer.deleted", CUSTOMER), app.extensions["settings"].webhook_secrets[0])
    connection = HTTPConnection(site.removeprefix("http://"))

    connection.request("POST", "/webhooks/stripe", iter([body[:100], body[100:]]), headers, encode_chunked=True)
    status = connection.getresponse().status
    connection.close()

    assert status == 200


def test_body_of_just_under_a_mebibyte_is_taken(deliver) -> None:
    event = event_of("customer.deleted", {**CUSTOMER, "description": "x" * (1024 * 1024 - 2000)})

    assert deliver(event).status_code == 200


def test_event_of_the_other_mode_is_refused_and_logged_for_the_operator(deliver, stored, caplog) -> None:
    answer = deliver(event_of("customer.deleted", CUSTOMER, livemode=True))

    assert answer.status_code == 400
    assert stored() == []
    assert any(record.levelname == "ERROR" and "mode" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_post_is_answered(app: Flask, method: str) -> None:
    assert getattr(app.test_client(), method)("/webhooks/stripe").status_code == 405


def test_each_of_several_secrets_counts_while_one_is_rolled(app_with, catalogue: None) -> None:
    rolling: Any = app_with(stripe_webhook_secret="whsec_new, whsec_old")

    answers = []
    for secret in ("whsec_new", "whsec_old", "whsec_other"):
        body, headers = signed(event_of("customer.deleted", CUSTOMER), secret)
        answers.append(rolling.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code)

    assert answers == [200, 200, 400]


def test_event_of_another_account_is_ignored(deliver, stored) -> None:
    answer = deliver(event_of("customer.deleted", CUSTOMER, account="acct_somebody_else"))

    assert answer.status_code == 200
    assert stored()[0].outcome == "ignored"


@pytest.mark.parametrize("livemode", [False, True])
def test_a_thin_event_is_taken_and_ignored(deliver, stored, livemode: bool) -> None:
    thin = {
        "id": "evt_thin_1",
        "object": "v2.core.event",
        "type": "v1.billing.meter.error_report_triggered",
        "livemode": livemode,
        "created": "2026-11-26T10:00:00.000Z",
        "related_object": {"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"},
    }

    answers = [deliver(thin).status_code for _ in range(2)]

    assert answers == [200, 200]
    assert [(one.outcome, one.type, one.livemode) for one in stored()] == [("ignored", thin["type"], livemode)]


@pytest.mark.parametrize("broken", [{"id": None}, {"created": "soon"}, {"created": None}, {"type": ["a"]}])
def test_a_thin_event_that_is_no_event_is_refused(deliver, stored, broken: dict[str, object]) -> None:
    thin = {"id": "evt_thin_1", "object": "v2.core.event", "type": "v1.a.b", "created": "2026-11-26T10:00:00.000Z"}

    assert deliver({**thin, **broken}).status_code == 400
    assert stored() == []
