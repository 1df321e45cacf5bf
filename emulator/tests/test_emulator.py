"""The Python API: what a test suite starts, and what it leaves behind."""

import socket
import threading

import pytest

import stripe_emulator
from stripe_emulator import Emulator
from tests.conftest import client_for


def test_emulator_leaves_nothing_behind() -> None:
    before = set(threading.enumerate())

    with Emulator() as emulator:
        folder = emulator.db.parent
        assert emulator.db.exists()

    assert set(threading.enumerate()) == before
    assert not folder.exists()


def test_two_emulators_run_side_by_side() -> None:
    with Emulator() as one, Emulator() as two:
        assert one.url != two.url


def test_port_in_use_is_an_error_that_leaves_nothing_behind(emulator: Emulator) -> None:
    port = int(emulator.url.rpartition(":")[2])
    before = threading.active_count()

    with pytest.raises(OSError):
        Emulator(port=port).start()

    assert threading.active_count() <= before


def test_package_has_no_other_attribute() -> None:
    with pytest.raises(AttributeError):
        _ = stripe_emulator.Simulator


def test_waiting_ends_with_an_error_when_nothing_settles() -> None:
    with Emulator(retry_schedule=(60,)) as emulator:
        with emulator.store.write() as tx:
            endpoint = {
                "id": "we_1",
                "object": "webhook_endpoint",
                "url": "http://127.0.0.1:9/",
                "status": "enabled",
                "enabled_events": ["*"],
            }
            tx.insert(endpoint)
            tx.emit("tax_rate.created", {"object": "tax_rate", "id": "txr_1"})

        with pytest.raises(TimeoutError):
            emulator.wait_until_idle(0.3)


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_emulator_listens_on_ipv6_too() -> None:
    with Emulator(host="::1") as emulator:
        assert emulator.url.startswith("http://[::1]:")
        assert client_for(emulator.url).v1.customers.create({}).id
