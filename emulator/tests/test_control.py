"""The controls: status, reset, time, settings; for this machine and for programs only."""

import pytest

from stripe_emulator import Emulator
from tests.conftest import client_for
from tests.http import send

JSON = {"Content-Type": "application/json"}


def test_status_tells_where_it_stands(fresh_emulator: Emulator) -> None:
    status = send(fresh_emulator.url, "GET", "/_emulator/status", headers={}).json

    assert status["url"] == fresh_emulator.url
    assert status["account"].startswith("acct_1")
    assert status["idle"] is True


def test_reset_forgets_everything_but_starts_usable(fresh_emulator: Emulator) -> None:
    client = client_for(fresh_emulator.url)
    client.v1.customers.create({})

    fresh_emulator.reset()

    assert client.v1.customers.list().data == []
    assert client.v1.events.list().data == []
    assert client.v1.billing_portal.configurations.list({"is_default": True}).data[0].active


def test_what_was_saved_comes_back_and_nothing_since(fresh_emulator: Emulator) -> None:
    client = client_for(fresh_emulator.url)
    client.v1.customers.create({})
    saved = fresh_emulator.save()
    then = fresh_emulator.advance(days=0)
    client.v1.customers.create({})
    fresh_emulator.advance(days=3)

    fresh_emulator.restore(saved)

    assert len(client.v1.customers.list({}).data) == 1
    assert fresh_emulator.advance(days=0) - then < 86400


def test_reset_over_http_answers_the_status(fresh_emulator: Emulator) -> None:
    answer = send(fresh_emulator.url, "POST", "/_emulator/reset", b"{}", JSON)

    assert answer.json["url"] == fresh_emulator.url


def test_advancing_moves_the_time_of_new_objects(fresh_emulator: Emulator) -> None:
    client = client_for(fresh_emulator.url)
    before = client.v1.customers.create({}).created

    fresh_emulator.advance(days=31)

    assert client.v1.customers.create({}).created - before >= 31 * 86400


def test_time_does_not_go_back(fresh_emulator: Emulator) -> None:
    answer = send(fresh_emulator.url, "POST", "/_emulator/advance", b'{"days": -1}', JSON)

    assert answer.status == 400


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/_emulator/nonsense", b"{}", JSON, 404),
        ("POST", "/_emulator/reset", b"a=b", {"Content-Type": "text/plain"}, 415),
        ("POST", "/_emulator/advance", b"[]", JSON, 400),
        ("POST", "/_emulator/advance", b"{", JSON, 400),
        ("POST", "/_emulator/advance", b'{"days": "x"}', JSON, 400),
        ("POST", "/_emulator/roll_secret", b"{}", JSON, 400),
        ("POST", "/_emulator/roll_secret", b'{"webhook_endpoint": "we_no"}', JSON, 400),
        ("POST", "/_emulator/reset", b"{}", JSON | {"Host": "evil.example:80"}, 403),
    ],
)
def test_wrong_control_is_refused(
    emulator: Emulator, method: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert send(emulator.url, method, path, body, headers).status == status


def test_healthz_is_alive(emulator: Emulator) -> None:
    assert send(emulator.url, "GET", "/healthz", headers={}).json == {"status": "ok"}
