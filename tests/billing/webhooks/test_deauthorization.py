"""The connected account that takes its permission back."""

from datetime import timedelta

import pytest
from flask import Flask

from app.billing.models.stripe import StripeConnection, StripeEvent
from app.database import db, utcnow
from tests.people import Person
from tests.stripe_actions import Json, Stripe, event_of, session_id_in, signed

pytestmark = pytest.mark.usefixtures("catalogue")
CONNECTED = "acct_connected"


@pytest.fixture
def bought(alice: Person, at_stripe: Stripe) -> Json:
    """The event of Alice's new subscription, which has not arrived."""
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    return at_stripe.events("customer.subscription.created")[0]


@pytest.fixture
def connected(app_with) -> Flask:
    """The site with an account connected by OAuth; another one was connected in live mode, before and again since."""
    site = app_with(stripe_connect_client_id="ca_test")
    with site.app_context():
        moment = utcnow().replace(microsecond=0)
        day = timedelta(days=1)
        for account, livemode, at in [
            ("acct_live", True, moment - day),
            ("acct_live_again", True, moment + day),
            (CONNECTED, False, moment),
        ]:
            db.session.add(
                StripeConnection(stripe_account=account, livemode=livemode, connected_at=at, changed_at=moment)
            )
            db.session.flush()
        db.session.commit()
    return site


def states(site: Flask) -> dict[str, str]:
    with site.app_context():
        return dict(db.session.execute(db.select(StripeConnection.stripe_account, StripeConnection.state)).all())


def deauthorize(site: Flask, account: str) -> int:
    event = event_of("account.application.deauthorized", {"id": "ca_test", "object": "application"}, account=account)
    body, headers = signed(event, site.extensions["settings"].webhook_secrets[0])
    return site.test_client().post("/webhooks/stripe", data=body, headers=headers).status_code


def test_connected_account_that_takes_its_permission_back_stops_checkout_and_portal(connected: Flask) -> None:
    alice = Person.sign_up(connected, "alice@example.com")

    answer = deauthorize(connected, CONNECTED)

    assert answer == 200
    assert [alice.buy("pro").status_code, alice.post("/account/portal").status_code] == [503, 503]
    assert states(connected) == {"acct_live": "connected", "acct_live_again": "connected", CONNECTED: "revoked"}
    with connected.app_context():
        assert db.session.scalars(db.select(StripeEvent.outcome)).one() == "processed"


def test_another_account_that_takes_its_permission_back_is_ignored(connected: Flask) -> None:
    answer = deauthorize(connected, "acct_somebody_else")

    assert answer == 200
    assert set(states(connected).values()) == {"connected"}
    with connected.app_context():
        assert db.session.scalars(db.select(StripeEvent.outcome)).one() == "ignored"


def test_with_a_connected_account_the_platforms_own_events_are_ignored(connected: Flask, bought: Json) -> None:
    body, headers = signed(bought, connected.extensions["settings"].webhook_secrets[0])

    answer = connected.test_client().post("/webhooks/stripe", data=body, headers=headers)

    assert answer.status_code == 200
    with connected.app_context():
        assert db.session.scalars(db.select(StripeEvent.outcome)).one() == "ignored"
