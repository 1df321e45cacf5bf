"""Idempotency keys: the same answer again, across restarts, and never two of anything."""

import threading
from pathlib import Path
from typing import Any

import pytest
import stripe

from stripe_emulator import Emulator
from tests.conftest import client_for
from tests.http import PINNED, send


def test_same_key_gets_the_same_answer_and_one_object(client: stripe.StripeClient) -> None:
    first = client.v1.customers.create({"email": "once@example.com"}, {"idempotency_key": "once"})
    second = client.v1.customers.create({"email": "once@example.com"}, {"idempotency_key": "once"})

    assert second.id == first.id
    assert first.last_response is not None
    assert second.last_response is not None
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert second.last_response.headers["Original-Request"] == first.last_response.headers["Request-Id"]
    assert len(client.v1.customers.list({"email": "once@example.com"}).data) == 1


def test_same_key_with_other_parameters_is_refused(client: stripe.StripeClient) -> None:
    client.v1.customers.create({"name": "A"}, {"idempotency_key": "reused"})

    with pytest.raises(stripe.IdempotencyError, match="Keys for idempotent requests"):
        client.v1.customers.create({"name": "B"}, {"idempotency_key": "reused"})


def test_same_key_on_another_path_is_refused(client: stripe.StripeClient) -> None:
    client.v1.customers.create({"name": "A"}, {"idempotency_key": "elsewhere"})

    with pytest.raises(stripe.IdempotencyError, match="for the same endpoint"):
        client.v1.products.create({"name": "A"}, {"idempotency_key": "elsewhere"})


def test_order_of_parameters_does_not_matter(emulator: Emulator) -> None:
    headers = PINNED | {"Idempotency-Key": "ordered"}

    first = send(emulator.url, "POST", "/v1/customers", {"name": "A", "phone": "1"}, headers)
    second = send(emulator.url, "POST", "/v1/customers", {"phone": "1", "name": "A"}, headers)

    assert first.body == second.body


def test_refused_parameters_do_not_use_the_key_up(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"email": "wrong"}, {"idempotency_key": "corrected"})

    customer = client.v1.customers.create({"email": "right@example.com"}, {"idempotency_key": "corrected"})

    assert customer.email == "right@example.com"


def test_decline_is_replayed(client: stripe.StripeClient) -> None:
    request_ids = set()
    for _ in range(2):
        with pytest.raises(stripe.CardError) as caught:
            client.v1.customers.create({"payment_method": "pm_card_chargeDeclined"}, {"idempotency_key": "declined"})
        error: Any = caught.value.json_body
        request_ids.add(error["error"]["request_log_url"])

    assert len(request_ids) == 1


def test_key_survives_a_restart(tmp_path: Path) -> None:
    answers = []
    for _ in range(2):
        with Emulator(db=tmp_path / "stripe.sqlite3") as emulator:
            headers = PINNED | {"Idempotency-Key": "restart"}
            answers.append(send(emulator.url, "POST", "/v1/customers", {"name": "A"}, headers).body)

    assert answers[0] == answers[1]


def test_concurrent_requests_with_one_key_make_one_object(emulator: Emulator) -> None:
    start = threading.Barrier(8)
    statuses: list[int] = []

    def create() -> None:
        start.wait()
        headers = PINNED | {"Idempotency-Key": "crowd"}
        answer = send(emulator.url, "POST", "/v1/customers", {"email": "crowd@example.com"}, headers)
        statuses.append(answer.status)
        if answer.status == 409:
            assert answer.error["code"] == "idempotency_key_in_use"

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    listed = client_for(emulator.url).v1.customers.list({"email": "crowd@example.com"})
    assert len(listed.data) == 1


def test_too_long_a_key_is_refused(emulator: Emulator) -> None:
    answer = send(emulator.url, "POST", "/v1/customers", {}, PINNED | {"Idempotency-Key": "k" * 256})

    assert answer.status == 400
