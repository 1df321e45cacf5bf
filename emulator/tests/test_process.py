"""`python -m stripe_emulator`: what it prints, how it stops, and what survives when it is killed."""

import signal
import socket
import subprocess
import sys
import threading
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.conftest import client_for
from tests.http import PINNED, send
from tests.process import MODULE, ROOT, SCRIPT, EmulatorProcess


@pytest.mark.parametrize("command", [MODULE, SCRIPT], ids=["module", "script"])
def test_start_prints_address_key_and_database(tmp_path: Path, command: tuple[str, ...]) -> None:
    with EmulatorProcess(tmp_path / "stripe.sqlite3", command=command) as running:
        address, key, database = running.lines

        assert address.startswith("Stripe emulator  http://127.0.0.1:")
        assert "sk_test_" in key
        assert str(tmp_path / "stripe.sqlite3") in database


@pytest.mark.parametrize("command", [MODULE, SCRIPT], ids=["module", "script"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_it_cleanly(tmp_path: Path, number: signal.Signals, command: tuple[str, ...]) -> None:
    with EmulatorProcess(tmp_path / "stripe.sqlite3", command=command) as running:
        send(running.url, "GET", "/v1/account")

        running.process.send_signal(number)
        _, errors = running.process.communicate(timeout=15)

        assert running.process.returncode == 0
        assert errors == ""


def test_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        finished = subprocess.run(
            [sys.executable, "-m", "stripe_emulator", "--port", port, "--db", str(tmp_path / "db.sqlite3")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert finished.returncode == 1
    assert finished.stderr.splitlines() == [
        f"The Stripe emulator cannot listen on 127.0.0.1:{port}: the port is already in use"
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--db", "/dev/null/stripe.sqlite3"], "cannot use the database /dev/null/stripe.sqlite3"),
        (["--port", "70000"], "a port is a number from 0 to 65535"),
        (["--retry-schedule", "1,soon"], "numbers of seconds are expected"),
    ],
)
def test_wrong_options_are_explained_without_a_traceback(options: list[str], message: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "stripe_emulator", "--port", "0", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert finished.returncode in (1, 2)
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr


def test_listening_beyond_this_machine_is_warned_of(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path / "stripe.sqlite3", "--host", "0.0.0.0") as running:
        running.process.terminate()
        _, errors = running.process.communicate(timeout=15)

        assert errors.startswith("WARNING: listening on 0.0.0.0")


def test_answered_writes_survive_kill_9(tmp_path: Path) -> None:
    db = tmp_path / "stripe.sqlite3"
    acknowledged: list[str] = []

    def write_until_killed(url: str, worker: int) -> None:
        for number in range(1000):
            headers = PINNED | {"Idempotency-Key": f"{worker}-{number}"}
            try:
                answer = send(url, "POST", "/v1/customers", {"name": f"{worker}-{number}"}, headers)
            except (OSError, HTTPException):
                return
            acknowledged.append(answer.json["id"])

    with EmulatorProcess(db) as running:
        threads = [threading.Thread(target=write_until_killed, args=(running.url, n)) for n in range(4)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 60:
            pass
        running.process.kill()
        for thread in threads:
            thread.join()

    with EmulatorProcess(db) as again:
        listed = client_for(again.url).v1.customers.list({"limit": 100})
        kept = {customer.id for customer in listed.auto_paging_iter()}
        events = client_for(again.url).v1.events.list({"limit": 100, "type": "customer.created"})
        told = {event.data.object["id"] for event in events.auto_paging_iter()}
    assert set(acknowledged) <= kept
    assert told == kept


def test_state_survives_a_restart(tmp_path: Path) -> None:
    db = tmp_path / "stripe.sqlite3"
    with EmulatorProcess(db) as first:
        client = client_for(first.url)
        account = client.v1.accounts.retrieve_current().id
        clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1800000000})
        endpoint = client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/hook", "enabled_events": ["*"]})

    with EmulatorProcess(db) as second:
        client = client_for(second.url)
        assert client.v1.accounts.retrieve_current().id == account
        assert client.v1.test_helpers.test_clocks.retrieve(clock.id).frozen_time == 1800000000
        assert client.v1.webhook_endpoints.list().data[0].id == endpoint.id
