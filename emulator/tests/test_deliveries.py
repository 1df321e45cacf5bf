"""Deliveries: signed, matched, tried again, and resent on demand."""

import time

import pytest
import stripe

from stripe_emulator import Emulator
from stripe_emulator.state.deliveries import attempts, latest
from tests.conftest import client_for
from tests.http import send
from tests.webhook_receiver import WebhookReceiver

ALL = ["*"]


def register(emulator: Emulator, receiver: WebhookReceiver, **more: object) -> stripe.WebhookEndpoint:
    """Register the receiver for all events and return the endpoint with its secret."""
    params = {"url": receiver.url, "enabled_events": ALL, **more}
    return client_for(emulator.url).v1.webhook_endpoints.create(params)  # type: ignore[arg-type]


def create_customer(emulator: Emulator, name: str = "Alice") -> stripe.Customer:
    """Make an event happen."""
    return client_for(emulator.url).v1.customers.create({"name": name})


def test_delivery_verifies_with_the_sdk(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    endpoint = register(fresh_emulator, receiver)

    customer = create_customer(fresh_emulator)
    fresh_emulator.wait_until_idle(5)

    delivery = receiver.received[0]
    event = client_for(fresh_emulator.url).construct_event(
        delivery.body, delivery.headers["Stripe-Signature"], str(endpoint.secret)
    )
    assert (event.type, event.data.object["id"]) == ("customer.created", customer.id)
    assert delivery.headers["Content-Type"] == "application/json; charset=utf-8"


def test_secret_is_told_only_once(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    endpoint = register(fresh_emulator, receiver)
    client = client_for(fresh_emulator.url)

    again = client.v1.webhook_endpoints.retrieve(endpoint.id)

    assert str(endpoint.secret).startswith("whsec_")
    assert "secret" not in again


def test_endpoint_gets_only_what_it_asked_for(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    register(fresh_emulator, receiver, enabled_events=["product.created"])

    create_customer(fresh_emulator)
    client_for(fresh_emulator.url).v1.products.create({"name": "Pro"})
    fresh_emulator.wait_until_idle(5)

    assert receiver.types == ["product.created"]


def test_deliveries_come_in_order(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    register(fresh_emulator, receiver)

    for number in range(20):
        create_customer(fresh_emulator, str(number))
    fresh_emulator.wait_until_idle(10)

    names = [one.event["data"]["object"]["name"] for one in receiver.received]
    assert names == [str(number) for number in range(20)]


def test_endpoint_gets_its_own_api_version(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    register(fresh_emulator, receiver, api_version="2025-03-31.basil")

    create_customer(fresh_emulator)
    fresh_emulator.wait_until_idle(5)

    assert receiver.received[0].event["api_version"] == "2025-03-31.basil"


@pytest.mark.parametrize("failure", [500, 400, 302, 404])
def test_failed_delivery_is_tried_again(fresh_emulator: Emulator, receiver: WebhookReceiver, failure: int) -> None:
    register(fresh_emulator, receiver)
    receiver.answers = [failure, failure]

    create_customer(fresh_emulator)
    fresh_emulator.wait_until_idle(5)

    assert receiver.types == ["customer.created"] * 3
    with fresh_emulator.store.read() as tx:
        delivery = latest(tx)[0]
        statuses = [attempt.status for attempt in attempts(tx, delivery)]
        event = tx.require("event", delivery.event)
    assert (delivery.status, delivery.attempts, statuses) == ("succeeded", 3, [failure, failure, 200])
    assert event["pending_webhooks"] == 0


def test_delivery_is_given_up_after_the_schedule(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    register(fresh_emulator, receiver)
    receiver.answers = [500] * 10

    create_customer(fresh_emulator)
    fresh_emulator.wait_until_idle(5)

    client = client_for(fresh_emulator.url)
    assert len(receiver.received) == 4
    assert [one.type for one in client.v1.events.list({"delivery_success": False}).data] == ["customer.created"]
    assert client.v1.events.list({"delivery_success": True}).data == []


def test_slow_endpoint_times_out_and_gets_it_again(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    send(
        fresh_emulator.url,
        "POST",
        "/_emulator/settings",
        b'{"delivery_timeout": 0.2}',
        {"Content-Type": "application/json"},
    )
    register(fresh_emulator, receiver)
    receiver.delay = 0.5

    create_customer(fresh_emulator)
    time.sleep(0.4)
    receiver.delay = 0
    fresh_emulator.wait_until_idle(5)

    with fresh_emulator.store.read() as tx:
        tried = attempts(tx, latest(tx)[0])
    assert tried[0].error == "Timed out after 0.2 seconds"
    assert tried[-1].status == 200


def test_disabled_endpoint_gets_nothing(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    client = client_for(fresh_emulator.url)
    endpoint = register(fresh_emulator, receiver)

    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    create_customer(fresh_emulator)
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": False})
    create_customer(fresh_emulator, "Bob")
    fresh_emulator.wait_until_idle(5)

    assert [one.event["data"]["object"]["name"] for one in receiver.received] == ["Bob"]


def test_disabling_stops_the_retries(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    client = client_for(fresh_emulator.url)
    endpoint = register(fresh_emulator, receiver)
    receiver.answers = [500] * 10

    create_customer(fresh_emulator)
    while not receiver.received:
        time.sleep(0.01)
    client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    fresh_emulator.wait_until_idle(5)

    assert len(receiver.received) < 4


def test_event_is_resent_on_demand(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    endpoint = register(fresh_emulator, receiver)
    create_customer(fresh_emulator)
    fresh_emulator.wait_until_idle(5)

    event_id = receiver.received[0].event["id"]
    answer = send(fresh_emulator.url, "POST", f"/v1/events/{event_id}/retry", {"webhook_endpoint": endpoint.id})
    fresh_emulator.wait_until_idle(5)

    assert answer.json["id"] == event_id
    assert [one.event["id"] for one in receiver.received] == [event_id, event_id]


def test_resending_to_nobody_is_refused(fresh_emulator: Emulator) -> None:
    create_customer(fresh_emulator)
    event_id = client_for(fresh_emulator.url).v1.events.list().data[0].id

    nowhere = send(fresh_emulator.url, "POST", f"/v1/events/{event_id}/retry", {})
    unknown = send(fresh_emulator.url, "POST", f"/v1/events/{event_id}/retry", {"webhook_endpoint": "we_no"})

    assert (nowhere.status, nowhere.error["param"]) == (400, "webhook_endpoint")
    assert (unknown.status, unknown.error["param"]) == (400, "webhook_endpoint")


def test_rolled_secret_signs_beside_the_old_one(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    endpoint = register(fresh_emulator, receiver)
    body = b'{"webhook_endpoint": "%s", "overlap_seconds": 3600}' % endpoint.id.encode()

    rolled = send(fresh_emulator.url, "POST", "/_emulator/roll_secret", body, {"Content-Type": "application/json"})
    create_customer(fresh_emulator)
    fresh_emulator.wait_until_idle(5)

    delivery = receiver.received[0]
    signature = delivery.headers["Stripe-Signature"]
    assert signature.count("v1=") == 2
    for secret in (str(endpoint.secret), rolled.json["secret"]):
        client_for(fresh_emulator.url).construct_event(delivery.body, signature, secret)


def test_pending_delivery_survives_a_restart(tmp_path: object, receiver: WebhookReceiver) -> None:
    db = f"{tmp_path}/stripe.sqlite3"
    with Emulator(db=db, retry_schedule=(0.5,)) as first:
        register(first, receiver)
        receiver.answers = [500]
        create_customer(first)
        while not receiver.received:
            time.sleep(0.01)

    with Emulator(db=db) as second:
        second.wait_until_idle(5)

    assert receiver.types == ["customer.created"] * 2


@pytest.mark.parametrize("url", ["ftp://example.com", "nonsense", "http://", "http://[", "javascript:alert(1)"])
def test_endpoint_needs_a_web_address(emulator: Emulator, url: str) -> None:
    answer = send(emulator.url, "POST", "/v1/webhook_endpoints", {"url": url, "enabled_events[]": "*"})

    assert (answer.status, answer.error["param"]) == (400, "url")


def test_events_are_filtered_by_type(client: stripe.StripeClient) -> None:
    client.v1.customers.create({})
    client.v1.products.create({"name": "P"})

    exact = client.v1.events.list({"type": "product.created", "limit": 5})
    wild = client.v1.events.list({"type": "customer.*", "limit": 5})
    several = client.v1.events.list({"types": ["product.created", "customer.created"], "limit": 2})

    assert {one.type for one in exact.data} == {"product.created"}
    assert all(one.type.startswith("customer.") for one in wild.data)
    assert [one.type for one in several.data] == ["product.created", "customer.created"]
