"""Connecting a Stripe account by OAuth, against the emulator's own pages."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from stripe_emulator import Emulator
from werkzeug.test import TestResponse

from app.billing.gateway.client import StripeGateway
from app.billing.gateway.connection import ConnectionState, ask_state
from app.billing.models.stripe import StripeConnection
from app.billing.setup.push import push_catalogue
from app.billing.webhooks.deauthorization import mark_revoked
from app.config.settings import Settings
from app.database import db, utcnow
from tests.people import Person


@pytest.fixture
def connecting(app: Flask, settings: Settings, catalogue: None) -> Iterator[Flask]:
    """The application with an OAuth client id."""
    before = app.extensions["stripe_gateway"]
    with_client = settings.model_copy(update={"stripe_connect_client_id": "ca_perennial"})
    app.extensions.update(settings=with_client, stripe_gateway=StripeGateway(with_client))
    yield app
    app.extensions.update(settings=settings, stripe_gateway=before)


def press(olga: Person, path: str, **fields: str) -> TestResponse:
    return olga.post(path, page="/admin/connection", **fields)


def agree_at_stripe(address: str, outcome: str = "connect") -> str:
    """Answer the emulator's page; where it sends the browser back to."""
    with requests.Session() as browser:
        page = browser.get(address, timeout=10)
        assert page.status_code == 200, page.text
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        answer = browser.post(address, data=fields | {"outcome": outcome}, allow_redirects=False, timeout=10)
    return answer.headers["Location"]


def come_back(olga: Person, address: str) -> TestResponse:
    parts = urlsplit(address)
    return olga.get(f"{parts.path}?{parts.query}")


def connect(olga: Person) -> None:
    come_back(olga, agree_at_stripe(press(olga, "/admin/connection").headers["Location"]))


def stored(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return [(row.stripe_account, row.state) for row in db.session.scalars(db.select(StripeConnection))]


def test_connecting_takes_the_operator_to_stripe_and_back(connecting: Flask, olga: Person) -> None:
    leaving = press(olga, "/admin/connection")
    query = parse_qs(urlsplit(leaving.headers["Location"]).query)
    assert leaving.status_code == 303
    assert query["client_id"] == ["ca_perennial"]
    assert query["redirect_uri"] == [connecting.extensions["settings"].site_url + "/admin/connection/callback"]

    answer = come_back(olga, agree_at_stripe(leaving.headers["Location"]))

    assert answer.status_code == 303
    [(account, state)] = stored(connecting)
    assert account.startswith("acct_")
    assert state == "connected"
    assert f"Connected to {account}" in olga.get("/admin/connection").text


def test_refusing_at_stripe_connects_nothing(connecting: Flask, olga: Person) -> None:
    leaving = press(olga, "/admin/connection")

    come_back(olga, agree_at_stripe(leaving.headers["Location"], outcome="refuse"))

    assert stored(connecting) == []


@pytest.mark.parametrize("state", ["", "state=of-somebody-else"])
def test_callback_without_our_own_state_is_refused(connecting: Flask, olga: Person, state: str) -> None:
    press(olga, "/admin/connection")

    assert olga.get(f"/admin/connection/callback?code=ac_1&{state}").status_code == 400
    assert stored(connecting) == []


def test_state_of_another_browser_is_refused(connecting: Flask, olga: Person) -> None:
    back = agree_at_stripe(press(olga, "/admin/connection").headers["Location"])
    elsewhere = Person(connecting, connecting.test_client(), olga.email)
    elsewhere.post("/login", page="/login", email=olga.email, password="a horse that staples batteries")

    assert come_back(elsewhere, back).status_code == 400
    assert stored(connecting) == []


def test_code_counts_once(connecting: Flask, olga: Person) -> None:
    back = agree_at_stripe(press(olga, "/admin/connection").headers["Location"])
    come_back(olga, back)
    again = press(olga, "/admin/connection").headers["Location"]
    state = parse_qs(urlsplit(again).query)["state"][0]
    used = parse_qs(urlsplit(back).query)["code"][0]

    answer = olga.get(f"/admin/connection/callback?code={used}&state={state}")

    assert answer.status_code == 303
    assert "no longer knows this authorization" in olga.get("/admin/connection").text


def test_disconnecting_gives_the_permission_back(connecting: Flask, olga: Person) -> None:
    connect(olga)

    press(olga, "/admin/connection/delete")

    assert stored(connecting) == []
    assert "is disconnected" in olga.get("/admin/connection").text


def test_disconnecting_what_stripe_disconnected_already_works(connecting: Flask, olga: Person) -> None:
    connect(olga)
    with connecting.app_context():
        gateway: StripeGateway = connecting.extensions["stripe_gateway"]
        gateway.client.oauth.deauthorize({"stripe_user_id": stored(connecting)[0][0]})

    press(olga, "/admin/connection/delete")

    assert stored(connecting) == []


def test_without_a_client_id_there_is_nothing_to_connect(app: Flask, olga: Person) -> None:
    assert press(olga, "/admin/connection").status_code == 404
    assert "Connect a Stripe account" not in olga.get("/admin/connection").text


def test_revoked_account_is_told_and_can_be_connected_again(connecting: Flask, olga: Person) -> None:
    connect(olga)
    with connecting.app_context():
        account = stored(connecting)[0][0]
        assert mark_revoked(account, utcnow())
        db.session.commit()
        # The key itself is let in.
        assert ask_state(connecting.extensions["stripe_gateway"]) == ConnectionState.REVOKED
    page = olga.get("/admin/").text
    assert "Stripe refuses our key" in page

    connect(olga)

    assert stored(connecting) == [(account, "connected")]


def test_late_word_of_an_earlier_revocation_changes_nothing(connecting: Flask, olga: Person) -> None:
    connect(olga)

    with connecting.app_context():
        account = stored(connecting)[0][0]
        assert not mark_revoked(account, utcnow() - timedelta(hours=1))
        assert not mark_revoked("acct_of_somebody_else", utcnow())
        assert ask_state(connecting.extensions["stripe_gateway"]) == ConnectionState.CONNECTED


def test_account_that_takes_its_permission_back_stops_sales_until_it_is_connected_again(
    connecting: Flask, olga: Person, alice: Person, emulator: Emulator, site: str
) -> None:
    connect(olga)
    [(account, _)] = stored(connecting)
    gateway: StripeGateway = connecting.extensions["stripe_gateway"]
    with connecting.app_context():
        run = push_catalogue(gateway, connecting.extensions["settings"])
    gateway.client.oauth.deauthorize({"stripe_user_id": account})
    emulator.wait_until_idle()
    state_after, refused = stored(connecting)[0][1], alice.buy("pro")

    connect(olga)

    assert any(line.startswith("created    webhook endpoint") for line in run.lines)
    assert any(line.startswith("removed    webhook endpoint") for line in run.lines)
    assert state_after == "revoked"
    assert refused.status_code == 503
    assert alice.buy("pro").status_code == 303
