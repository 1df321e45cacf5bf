from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.billing.gateway.account import own_account
from app.billing.gateway.client import get_gateway
from app.billing.models.stripe import StripeConnection, StripeEvent
from app.database import db, utcnow
from tests.people import Person
from tests.stripe_actions import Stripe, event_of, session_id_in, signed


@pytest.fixture
def connected(app_with: Callable[..., Flask], catalogue: None) -> Flask:
    """The application with an account connected by OAuth; at the emulator it is the key's own."""
    app = app_with(stripe_connect_client_id="ca_test000000000000")
    with app.app_context():
        account = own_account(get_gateway())
        long_ago = utcnow().replace(year=2020)
        db.session.add(StripeConnection(stripe_account=account, livemode=False, connected_at=long_ago))
        db.session.commit()
    return app


@pytest.fixture
def send(connected: Flask) -> Callable[[dict[str, Any]], str]:
    """Deliver an event to the connected application; what came of it."""

    def deliver(event: dict[str, Any]) -> str:
        body, headers = signed(event, connected.extensions["settings"].webhook_secrets[0])
        assert connected.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code == 200
        with connected.app_context():
            return str(db.session.scalar(db.select(StripeEvent.outcome).where(StripeEvent.id == event["id"])))

    return deliver


def account_of(app: Flask) -> str:
    with app.app_context():
        return own_account(get_gateway())


def test_events_of_the_connected_account_count_and_others_are_ignored(connected, send, at_stripe: Stripe):
    alice = Person.sign_up(connected, "alice@example.com")
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    [created] = at_stripe.events("customer.subscription.created")

    foreign = send({**created, "id": "evt_foreign", "account": "acct_of_somebody_else"})
    own = send({**created, "account": account_of(connected)})

    assert (foreign, own) == ("ignored", "processed")
    assert alice.role == "pro"


def test_deauthorized_account_sells_nothing_until_it_is_connected_again(connected, send):
    alice = Person.sign_up(connected, "alice@example.com")
    account = account_of(connected)
    deauthorized = event_of("account.application.deauthorized", {"id": "ca_test", "object": "application"})

    outcome = send({**deauthorized, "account": account})
    refused = alice.buy("pro")
    with connected.app_context():
        db.session.execute(db.update(StripeConnection).values(state="connected"))
        db.session.commit()

    assert outcome == "processed"
    assert refused.status_code == 503
    assert "charged" in refused.text
    assert alice.buy("pro").status_code == 303


def test_deauthorization_of_another_account_is_ignored(connected, send):
    event = event_of("account.application.deauthorized", {"id": "ca_test", "object": "application"})

    assert send({**event, "account": "acct_of_somebody_else"}) == "ignored"


def test_live_event_to_a_test_connect_endpoint_is_ignored(connected, send, at_stripe: Stripe):
    alice = Person.sign_up(connected, "alice@example.com")
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    [created] = at_stripe.events("customer.subscription.created")

    assert send({**created, "account": account_of(connected), "livemode": True}) == "ignored"
    assert alice.role == "free"
