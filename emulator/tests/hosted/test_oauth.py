"""Connecting and disconnecting an account."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import stripe

from stripe_emulator import Emulator
from tests.hosted.conftest import Visitor

KEY = Emulator.secret_key
ASKED = {
    "response_type": "code",
    "client_id": "ca_emulator",
    "scope": "read_write",
    "state": "s3cr3t&x",
    "redirect_uri": "http://127.0.0.1:9/connect?a=b",
}


def connect(visitor: Visitor, client_id: str = "ca_emulator") -> dict[str, list[str]]:
    answer = visitor.post("/oauth/authorize", {**ASKED, "client_id": client_id, "outcome": "connect"})
    return parse_qs(urlsplit(answer.location).query)


def exchange(visitor: Visitor, **form: str) -> tuple[int, dict[str, str]]:
    page = visitor.post("/oauth/token", {"client_secret": KEY, **form})
    return page.status, page.response.json()


def test_page_names_who_asks(visitor: Visitor) -> None:
    page = visitor.get(f"/oauth/authorize?{urlencode(ASKED)}")

    assert page.status == 200
    assert "127.0.0.1:9" in page.text
    assert "form-action 'self' http://127.0.0.1:9" in page.response.headers["Content-Security-Policy"]


def test_connect_gives_a_code_that_works_once(visitor: Visitor, client: stripe.StripeClient) -> None:
    told = connect(visitor)

    status, granted = exchange(visitor, grant_type="authorization_code", code=told["code"][0])
    again, refused = exchange(visitor, grant_type="authorization_code", code=told["code"][0])

    assert told["state"] == ["s3cr3t&x"]
    assert told["a"] == ["b"]
    assert (status, granted["stripe_user_id"]) == (200, client.v1.accounts.retrieve_current().id)
    assert (again, refused["error"]) == (400, "invalid_grant")


def test_cancel_says_that_access_was_denied(visitor: Visitor) -> None:
    answer = visitor.post("/oauth/authorize", {**ASKED, "outcome": "cancel"})

    told = parse_qs(urlsplit(answer.location).query)
    assert told["error"] == ["access_denied"]
    assert told["state"] == ["s3cr3t&x"]


def test_the_sdk_exchanges_and_deauthorizes(emulator: Emulator, visitor: Visitor) -> None:
    client = stripe.StripeClient(KEY, base_addresses={"api": emulator.url, "connect": emulator.url}, client_id="ca_sdk")
    code = connect(visitor, "ca_sdk")["code"][0]

    granted = client.oauth.token({"grant_type": "authorization_code", "code": code})
    account = granted.stripe_user_id
    assert account is not None
    ended = client.oauth.deauthorize({"stripe_user_id": account})

    event = client.v1.events.list({"type": "account.application.deauthorized"}).data[0]
    assert ended.stripe_user_id == account
    assert event.account == account
    assert event.data.object["id"] == "ca_sdk"


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "", "grant_type": "authorization_code"}, 401, "invalid_client"),
        ({"client_secret": "sk_live_x", "grant_type": "authorization_code"}, 401, "invalid_client"),
        ({}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "ac_unknown"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": ""}, 400, "invalid_grant"),
    ],
)
def test_a_bad_exchange_gets_oauths_error(visitor: Visitor, form: dict[str, str], status: int, error: str) -> None:
    answered, body = exchange(visitor, **form)

    assert (answered, body["error"]) == (status, error)


def test_a_refresh_token_renews_the_grant(visitor: Visitor) -> None:
    code = connect(visitor, "ca_refresh")["code"][0]
    _, granted = exchange(visitor, grant_type="authorization_code", code=code)

    status, renewed = exchange(visitor, grant_type="refresh_token", refresh_token=granted["refresh_token"])

    assert (status, renewed["stripe_user_id"]) == (200, granted["stripe_user_id"])


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": ""},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": ""},
        {"scope": "everything"},
        {"response_type": "token"},
    ],
)
def test_a_request_that_leads_nowhere_safe_is_refused(visitor: Visitor, changed: dict[str, str]) -> None:
    page = visitor.get(f"/oauth/authorize?{urlencode({**ASKED, **changed})}")

    assert page.status == 400
