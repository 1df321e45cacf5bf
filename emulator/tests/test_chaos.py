"""Chaos: duplicates, delays, drops, shuffles and one second for everything."""

import pytest
import stripe

from stripe_emulator import Emulator
from tests.conftest import client_for
from tests.http import send
from tests.test_deliveries import create_customer, register
from tests.webhook_receiver import WebhookReceiver

JSON = {"Content-Type": "application/json"}


def names(receiver: WebhookReceiver) -> list[str]:
    """Return the customers' names in the order their events arrived."""
    return [one.event["data"]["object"]["name"] for one in receiver.received]


def test_duplicates_arrive_twice(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    register(fresh_emulator, receiver)
    fresh_emulator.chaos(duplicate=1.0)

    create_customer(fresh_emulator)
    fresh_emulator.wait_until_idle(5)

    assert len({one.event["id"] for one in receiver.received}) == 1
    assert len(receiver.received) == 2


def test_shuffled_and_delayed_deliveries_all_arrive(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    register(fresh_emulator, receiver)
    fresh_emulator.chaos(shuffle=True, delay=0.3)

    for number in range(12):
        create_customer(fresh_emulator, str(number))
    fresh_emulator.wait_until_idle(10)

    assert names(receiver) != [str(number) for number in range(12)]
    assert sorted(names(receiver), key=int) == [str(number) for number in range(12)]


def test_dropped_delivery_arrives_by_its_retry(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    register(fresh_emulator, receiver)
    fresh_emulator.chaos(drop=1.0)

    create_customer(fresh_emulator)
    fresh_emulator.wait_until_idle(5)

    assert receiver.types == ["customer.created"]
    with fresh_emulator.store.read() as tx:
        assert tx.find("event")[0]["pending_webhooks"] == 0


def test_same_second_gives_events_one_time(fresh_emulator: Emulator) -> None:
    fresh_emulator.chaos(same_second=True)

    for _ in range(3):
        create_customer(fresh_emulator)

    events = client_for(fresh_emulator.url).v1.events.list().data
    assert all(event.created % 60 == 0 for event in events)


def test_chaos_is_set_and_ended_over_http(fresh_emulator: Emulator) -> None:
    on = send(fresh_emulator.url, "POST", "/_emulator/chaos", b'{"shuffle": true, "drop": 0.5}', JSON)
    off = send(fresh_emulator.url, "DELETE", "/_emulator/chaos", None, JSON)

    calm = {"duplicate": 0.0, "delay": 0.0, "shuffle": False, "drop": 0.0, "same_second": False}
    assert on.json == {**calm, "shuffle": True, "drop": 0.5}
    assert off.json == calm


def test_unknown_chaos_is_refused(fresh_emulator: Emulator) -> None:
    answer = send(fresh_emulator.url, "POST", "/_emulator/chaos", b'{"earthquake": true}', JSON)

    assert answer.status == 400


def test_chaos_without_arguments_is_calm(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    register(fresh_emulator, receiver)
    fresh_emulator.chaos(duplicate=True)
    fresh_emulator.chaos()

    customers: list[stripe.Customer] = [create_customer(fresh_emulator, str(n)) for n in range(3)]
    fresh_emulator.wait_until_idle(5)

    assert len(receiver.received) == len(customers)


def test_outage_begins_after_so_many_requests_and_ends(fresh_emulator: Emulator) -> None:
    fresh_emulator.outage(after=1)

    create_customer(fresh_emulator, "through")
    with pytest.raises(stripe.APIError) as down:
        create_customer(fresh_emulator, "refused")
    fresh_emulator.end_outage()

    assert down.value.http_status == 503
    found = client_for(fresh_emulator.url).v1.customers.list().data
    assert [customer.name for customer in found] == ["through"]


def test_outage_can_lose_the_answer_to_what_was_done(fresh_emulator: Emulator) -> None:
    send(fresh_emulator.url, "POST", "/_emulator/outage", b'{"loses_answer": true}', JSON)
    client = client_for(fresh_emulator.url)

    with pytest.raises(stripe.APIError):
        client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "ada"})
    send(fresh_emulator.url, "DELETE", "/_emulator/outage", None, JSON)
    again = client.v1.customers.create({"name": "Ada"}, {"idempotency_key": "ada"})

    assert [customer.id for customer in client.v1.customers.list().data] == [again.id]


def test_reset_ends_an_outage(fresh_emulator: Emulator) -> None:
    fresh_emulator.outage()

    fresh_emulator.reset()

    create_customer(fresh_emulator)
