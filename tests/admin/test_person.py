"""A person's page: how they stand, everything that happened, and the way to Stripe's dashboard."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.admin.stripe_links import stripe_link
from app.audit import Act, ActKind, OperatorAct, record_act
from app.auth import security_log
from app.auth.models import SecurityEvent
from app.billing.models.stripe import StripeConnection
from app.config.settings import Settings
from app.database import db, utcnow
from tests.browser.states import STATES, Subscriber
from tests.people import Person

SENTENCES = {
    "free": "No plan is paid for.",
    "incomplete": "The first payment for Pro is not finished.",
    "trialing": "Trying Pro until",
    "active": "On Pro. The next $29 is on",
    "canceling": "and charged no more.",
    "past_due": "$29 for Pro is owed since",
    "ended": "The Pro subscription ended on",
    "lifetime": "Pro for good, bought once.",
}


@pytest.mark.parametrize("state", SENTENCES)
def test_the_page_opens_with_how_they_stand(
    olga: Person, alice: Person, site: str, emulator: Emulator, state: str
) -> None:
    STATES[state](Subscriber(alice, emulator))

    page = olga.read(f"/admin/users/{alice.id}")

    assert SENTENCES[state] in page
    assert "Their account page says: “" in page


def test_everything_that_happened_stands_in_one_list_with_its_effect(
    olga: Person, alice: Person, site: str, emulator: Emulator, app: Flask
) -> None:
    Subscriber(alice, emulator).buy()
    alice_id = alice.id
    with app.app_context():
        record_act(Act(ActKind.SIGN_OUT, "olga@example.com", alice_id, reason="asked by phone"))
        db.session.commit()

    page = olga.read(f"/admin/users/{alice.id}")

    for told in (
        "Account created",
        "Verify email: ",
        "Pro by the month for $29: fulfilled",
        "$29: Pro, monthly",
        "customer.subscription.created",
        "Free to Pro: subscription active",
        "Sign out by olga@example.com asked by phone",
    ):
        assert told in page, told
    assert "status nothing → active" in page


def test_somebody_elses_events_are_not_in_it(
    olga: Person, alice: Person, bob: Person, site: str, emulator: Emulator
) -> None:
    Subscriber(alice, emulator).buy()

    assert "customer.subscription" not in olga.read(f"/admin/users/{bob.id}")


def test_the_list_is_read_page_by_page_without_a_gap(olga: Person, alice: Person, app: Flask) -> None:
    alice_id, at = alice.id, utcnow()
    with app.app_context():
        # Many of two kinds in one moment: the kind and the key decide where the moment does not.
        for number in range(70):
            db.session.add(SecurityEvent(user_id=alice_id, kind=f"of a fork {number}", at=at))
            db.session.add(OperatorAct(actor=f"operator {number}", kind="refresh", user_id=alice_id, at=at))
        db.session.commit()
    seen: list[str] = []
    address: str | None = f"/admin/users/{alice_id}"
    while address:
        page = olga.get(address).text
        seen += re.findall(r"(of a fork \d+|Refresh by operator \d+)", page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(older[1]) if older else None

    assert len(seen) == len(set(seen)) == 140


MANGLED = ["x", "~~", "2026-01-01T00:00:00+00:00~9~1", "2026-01-01T00:00:00+00:00~2~x", "9" * 50]


@pytest.mark.parametrize("after", MANGLED)
def test_mangled_cursor_starts_at_the_newest(olga: Person, alice: Person, after: str) -> None:
    answer = olga.client.get(f"/admin/users/{alice.id}", query_string={"after": after})

    assert answer.status_code == 200
    assert "Account created" in answer.text


def test_where_a_log_in_came_from_is_told(olga: Person, alice: Person, app: Flask) -> None:
    alice_id = alice.id
    with app.test_request_context(method="POST", headers={"User-Agent": "Firefox/1 Linux"}):
        security_log.record(alice_id, security_log.Kind.SIGNED_IN)
        db.session.commit()

    assert "Logged in Firefox on Linux" in olga.read(f"/admin/users/{alice.id}")


def test_a_card_that_nobody_asked_about_is_not_said_to_be_missing(
    olga: Person, alice: Person, site: str, emulator: Emulator
) -> None:
    page = f"/admin/users/{alice.id}"
    assert "No card on file" in olga.read(page)

    Subscriber(alice, emulator).buy()

    assert re.search(r"Pays with\s*Not checked yet", olga.read(page))
    alice.get("/account")
    assert "Visa ending in 4242" in olga.read(page)


@contextmanager
def with_settings(app: Flask, **changed: object) -> Iterator[None]:
    kept: Settings = app.extensions["settings"]
    app.extensions["settings"] = kept.model_copy(update=changed)
    try:
        with app.app_context():
            yield
    finally:
        app.extensions["settings"] = kept


@pytest.mark.parametrize(
    ("key", "object_id", "address"),
    [
        ("sk_test_1", "sub_1", "https://dashboard.stripe.com/test/subscriptions/sub_1"),
        ("sk_live_1", "in_1", "https://dashboard.stripe.com/invoices/in_1"),
        ("rk_live_1", "cs_1", "https://dashboard.stripe.com/search?query=cs_1"),
        ("sk_test_1", "order 1", None),
        ("sk_test_1", None, None),
    ],
)
def test_ids_lead_to_stripes_dashboard_in_the_mode_in_use(
    app: Flask, key: str, object_id: str | None, address: str | None
) -> None:
    secret = type(app.extensions["settings"].stripe_secret_key)
    with with_settings(app, stripe_secret_key=secret(key), stripe_api_base=""):
        assert stripe_link(object_id) == address


@pytest.mark.needs("app/admin/connect_routes.py")
def test_ids_of_a_connected_account_lead_into_it(app: Flask) -> None:
    secret = type(app.extensions["settings"].stripe_secret_key)
    changed = {"stripe_secret_key": secret("sk_test_1"), "stripe_api_base": "", "stripe_connect_client_id": "ca_1"}

    with with_settings(app, **changed):
        now = utcnow() - timedelta(days=1)
        db.session.add(StripeConnection(stripe_account="acct_9", livemode=False, connected_at=now))
        db.session.commit()
        assert stripe_link("cus_1") == "https://dashboard.stripe.com/acct_9/test/customers/cus_1"


def test_with_the_emulator_ids_lead_to_its_own_pages(
    olga: Person, alice: Person, site: str, emulator: Emulator
) -> None:
    Subscriber(alice, emulator).buy()

    addresses = re.findall(rf'href="({emulator.url}/[^"]+)"', olga.get(f"/admin/users/{alice.id}").text)

    assert any("/dashboard/search?q=sub_" in address for address in addresses)
