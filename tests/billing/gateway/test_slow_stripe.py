"""Stripe takes its time: meanwhile nothing is locked, so everybody else's requests go on."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.reconcile.users import sync_all, sync_user
from app.database import db
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.people import PASSWORD, Person
from tests.stripe_actions import Json, Stripe, session_id_in, signed

pytestmark = [pytest.mark.usefixtures("catalogue"), pytest.mark.slow, pytest.mark.database]
OPEN = "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"


class Watch:
    """A Stripe that looks, at each request, whether the site has a transaction open meanwhile."""

    def __init__(self, stripe: MisbehavingStripe, app: Flask) -> None:
        self.seen: list[str] = []
        self.found: list[str] = []
        with app.app_context():
            self._url = db.engine.url
        stripe.rule = self._look

    def _look(self, method: str, path: str) -> None:
        self.seen.append(f"{method} {path.partition('?')[0]}")
        if self._is_open():
            self.found.append(self.seen[-1])

    def _is_open(self) -> bool:
        if self._url.drivername.startswith("postgresql"):
            address = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
            with psycopg.connect(address, autocommit=True) as connection:
                return connection.execute(OPEN).fetchone() is not None
        with closing(sqlite3.connect(str(self._url.database), timeout=0, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            connection.execute("ROLLBACK")
            return False


@pytest.fixture
def slow(emulator: Emulator) -> Iterator[MisbehavingStripe]:
    with MisbehavingStripe(emulator.url) as proxy:
        yield proxy


@pytest.fixture
def shop(app_with: Callable[..., Flask], slow: MisbehavingStripe, at_stripe: Stripe) -> Flask:
    """The site, with a Stripe that takes its time; events come when the test brings them."""
    at_stripe.mute()
    return app_with(stripe_api_base=slow.url)


@pytest.fixture
def carol(shop: Flask) -> Person:
    """Somebody who buys."""
    return Person.sign_up(shop, "carol@example.com")


@pytest.fixture
def watch(slow: MisbehavingStripe, shop: Flask, carol: Person) -> Watch:
    return Watch(slow, shop)


def paid(person: Person, at_stripe: Stripe, plan: str = "pro") -> str:
    """Buy and pay a plan, without coming back; the session's id."""
    session_id = session_id_in(person.buy(plan).location)
    at_stripe.pay(session_id)
    return session_id


def come_back(person: Person, session_id: str) -> None:
    assert person.get(f"/checkout/success?session_id={session_id}").status_code == 200


def bring(app: Flask, event: Json) -> int:
    body, headers = signed(event, app.extensions["settings"].webhook_secrets[0])
    return app.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code


def test_first_and_second_press_of_a_button(carol: Person, watch: Watch) -> None:
    answers = [carol.buy("pro"), carol.buy("pro"), carol.buy("basic"), carol.buy("lifetime")]

    assert ["/c/pay/" in answer.location for answer in answers] == [True] * 4
    assert "POST /v1/checkout/sessions" in watch.seen
    assert watch.found == []


@pytest.mark.parametrize("plan", ["pro", "lifetime"])
def test_coming_back_from_checkout(carol: Person, at_stripe: Stripe, watch: Watch, plan: str) -> None:
    come_back(carol, paid(carol, at_stripe, plan))

    assert carol.role == "pro"
    assert watch.found == []


def test_press_after_paying_and_before_the_webhook(carol: Person, at_stripe: Stripe, watch: Watch) -> None:
    paid(carol, at_stripe)

    assert "/p/session/" in carol.buy("basic").location
    assert watch.found == []


def test_press_when_the_customer_is_gone(carol: Person, at_stripe: Stripe, watch: Watch) -> None:
    come_back(carol, paid(carol, at_stripe))
    at_stripe.v1.customers.delete(at_stripe.v1.customers.list({}).data[0].id)

    assert "/c/pay/" in carol.buy("pro").location
    assert watch.found == []


def test_the_portal_and_the_way_back(carol: Person, at_stripe: Stripe, watch: Watch) -> None:
    come_back(carol, paid(carol, at_stripe))

    answers = [carol.post("/account/portal"), carol.post("/account/portal", flow="subscription_cancel")]
    carol.get("/account?from=portal")

    assert ["/p/session/" in answer.location for answer in answers] == [True, True]
    assert watch.found == []


def test_every_event_that_is_not_certain(shop: Flask, carol: Person, at_stripe: Stripe, watch: Watch) -> None:
    paid(carol, at_stripe)
    at_stripe.v1.refunds.create({"charge": at_stripe.charges()[0]["id"]})
    events = at_stripe.events()

    old = [bring(shop, {**event, "api_version": "2020-08-27"}) for event in events]

    assert set(old) == {200}
    assert {"GET /v1/account", "GET /v1/subscriptions/" + at_stripe.subscriptions()[0]["id"]} <= set(watch.seen)
    assert carol.role == "pro"
    assert watch.found == []


def test_events_of_a_purchase_for_life(shop: Flask, carol: Person, at_stripe: Stripe, watch: Watch) -> None:
    session_id = session_id_in(carol.buy("lifetime").location)
    at_stripe.pay(session_id, "tok_createDispute")
    [charge] = at_stripe.charges()

    for event in at_stripe.events()[::-1]:
        bring(shop, {**event, "id": event["id"] + "old", "api_version": "2020-08-27"})
        bring(shop, event)

    assert carol.role == "free"
    assert charge["disputed"]
    assert watch.found == []


def test_comparing_everybody_and_one(shop: Flask, carol: Person, at_stripe: Stripe, watch: Watch, user_of: Any) -> None:
    paid(carol, at_stripe)
    paid(Person.sign_up(shop, "dave@example.com"), at_stripe, "lifetime")

    with shop.app_context():
        report = sync_all()
        sync_user(user_of(carol.email), with_payments=True)

    assert (report.checked, report.failed) == (2, [])
    assert carol.role == "pro"
    assert watch.found == []


def test_deleting_an_account(carol: Person, at_stripe: Stripe, watch: Watch) -> None:
    come_back(carol, paid(carol, at_stripe))
    carol.buy("lifetime")

    answer = carol.post("/account/delete", page="/account/delete", current_password=PASSWORD)

    assert answer.status_code == 303
    assert [one["status"] for one in at_stripe.subscriptions()] == ["canceled"]
    assert watch.found == []


@pytest.mark.needs("app/admin")
def test_the_operators_pages_and_commands(shop: Flask, carol: Person, at_stripe: Stripe, watch: Watch) -> None:
    paid(carol, at_stripe)
    carol.become_admin()
    shop.extensions.pop("stripe_accounts")
    page = f"/admin/users/{carol.id}"

    answers = [carol.get(page), carol.post(f"{page}/sync", page=page), carol.get("/admin/connection")]
    for command in (["status"], ["check"], ["sync"], ["push"], ["why", carol.email]):
        shop.test_cli_runner().invoke(args=["billing", *command])

    assert [answer.status_code for answer in answers] == [200, 303, 200]
    assert watch.found == []


@pytest.mark.needs("app/admin")
def test_first_grant_of_a_new_key(shop: Flask, carol: Person, watch: Watch) -> None:
    carol.become_admin()

    page = f"/admin/users/{carol.id}"
    answer = carol.post(f"{page}/acts/grant", page="/account", role="pro", reason="A gift")

    assert (answer.status_code, carol.role) == (303, "pro")
    assert [asked for asked in watch.seen if "/v1/" in asked] == ["GET /v1/account"]
    assert watch.found == []


def test_others_sign_up_while_stripe_is_asked(
    shop: Flask, carol: Person, slow: MisbehavingStripe, at_stripe: Stripe
) -> None:
    session_id = paid(carol, at_stripe)
    asked, go_on = threading.Event(), threading.Event()

    def hold(_method: str, path: str) -> None:
        if path.startswith("/v1/subscriptions/"):
            asked.set()
            go_on.wait(20)

    slow.rule = hold
    coming_back = threading.Thread(target=come_back, args=(carol, session_id))
    coming_back.start()
    assert asked.wait(10)

    Person.sign_up(shop, "dave@example.com")
    was_waiting = coming_back.is_alive()
    go_on.set()
    coming_back.join()

    assert was_waiting
    assert carol.role == "pro"
