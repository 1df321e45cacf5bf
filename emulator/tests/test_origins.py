"""Who is let in: programs on this machine and the emulator's own pages, not the page of another site."""

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from stripe_emulator import Emulator
from tests.http import PINNED, send

PATHS = ["/v1/account", "/_emulator/status", "/healthz", "/", "/c/pay/cs_x"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:12111", "127.0.0.1.evil.example", "10.0.0.1"])
def test_name_of_another_host_is_refused(emulator: Emulator, path: str, host: str) -> None:
    answer = send(emulator.url, "GET", path, headers=PINNED | {"Host": host})

    assert answer.status == 403
    assert "this machine" in answer.error["message"]


@pytest.mark.parametrize("host", ["localhost", "localhost:12111", "127.0.0.1", "127.0.0.5:80", "[::1]:12111"])
def test_names_of_this_machine_are_answered(emulator: Emulator, host: str) -> None:
    assert send(emulator.url, "GET", "/v1/account", headers=PINNED | {"Host": host}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:5000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/customers"), ("GET", "/v1/account"), ("POST", "/_emulator/reset")]
)
def test_page_of_another_site_asks_in_vain(emulator: Emulator, method: str, path: str, headers: dict[str, str]) -> None:
    assert send(emulator.url, method, path, headers=PINNED | headers).status == 403


def test_emulators_own_page_may_ask(emulator: Emulator) -> None:
    headers = {"Origin": emulator.url, "Sec-Fetch-Site": "same-origin"}

    assert send(emulator.url, "GET", "/v1/account", headers=PINNED | headers).status == 200


def test_link_of_another_site_leads_to_a_page(emulator: Emulator) -> None:
    assert send(emulator.url, "GET", "/", headers={"Sec-Fetch-Site": "cross-site"}).status == 200


def test_page_of_another_site_hears_no_events(emulator: Emulator) -> None:
    session = send(emulator.url, "POST", "/v1/stripecli/sessions", {"device_name": "here"})

    with pytest.raises(InvalidStatus, match="403"):
        connect(session.json["websocket_url"], origin="https://evil.example", subprotocols=["stripecli-devproxy-v1"])
