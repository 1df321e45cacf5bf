"""The Python API, memory: objects, events and deliveries, read and rewritten without a request."""

import stat
from pathlib import Path

import pytest

from stripe_emulator import ApiError, Emulator
from stripe_emulator.state.store import Store
from tests.conftest import client_for
from tests.webhook_receiver import WebhookReceiver


def test_objects_are_found_newest_first_without_the_deleted(fresh_emulator: Emulator) -> None:
    customers = client_for(fresh_emulator.url).v1.customers
    first, second, gone = (customers.create({"name": name}).id for name in ("Alice", "Bob", "Carol"))
    customers.delete(gone)

    assert [one["id"] for one in fresh_emulator.find("customer")] == [second, first]
    assert [one["id"] for one in fresh_emulator.find("customer", name="Alice")] == [first]
    assert fresh_emulator.get("customer", "cus_unknown") is None


def test_events_are_told_oldest_first_from_where_one_stopped(fresh_emulator: Emulator) -> None:
    customers = client_for(fresh_emulator.url).v1.customers
    alice = customers.create({"name": "Alice"})
    [created] = fresh_emulator.events()
    customers.update(alice.id, {"name": "Alice Liddell"})
    customers.delete(alice.id)

    later = [event["type"] for event in fresh_emulator.events(after=created["id"])]

    assert later == ["customer.updated", "customer.deleted"]
    assert [event["type"] for event in fresh_emulator.events("customer.created")] == ["customer.created"]


def test_overwritten_object_is_read_as_it_was_given_and_told_of_by_nothing(fresh_emulator: Emulator) -> None:
    customers = client_for(fresh_emulator.url).v1.customers
    alice = customers.create({"name": "Alice"})
    told = fresh_emulator.events()
    changed = fresh_emulator.find("customer")[0] | {"created": 1}

    fresh_emulator.overwrite(changed)

    assert customers.retrieve(alice.id).created == 1
    assert fresh_emulator.events() == told
    with pytest.raises(ApiError, match="No such customer"):
        fresh_emulator.overwrite(changed | {"id": "cus_unknown"})


def test_delivery_tells_how_it_went(fresh_emulator: Emulator, receiver: WebhookReceiver) -> None:
    receiver.answers = [500]
    client = client_for(fresh_emulator.url)
    client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["customer.created"]})
    client.v1.customers.create({})
    fresh_emulator.wait_until_idle()

    [delivery] = fresh_emulator.deliveries()

    assert (delivery.type, delivery.status, delivery.attempts) == ("customer.created", "succeeded", 2)
    assert [attempt.status for attempt in fresh_emulator.attempts(delivery)] == [500, 200]
    assert fresh_emulator.deliveries("evt_unknown") == []


def test_database_is_readable_for_nobody_else(tmp_path: Path) -> None:
    Store(tmp_path / "emulator.sqlite3").close()

    assert stat.S_IMODE((tmp_path / "emulator.sqlite3").stat().st_mode) == 0o600
