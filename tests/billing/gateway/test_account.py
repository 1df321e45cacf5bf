"""Which Stripe account a key belongs to, also when the key is rolled and may not say so itself."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.models.subscription import Subscription
from app.billing.reconcile.users import sync_all
from app.database import db
from tests.billing.gateway.misbehaving_stripe import MisbehavingStripe
from tests.people import PASSWORD, Person
from tests.stripe_actions import Stripe, session_id_in

pytestmark = [pytest.mark.usefixtures("catalogue"), pytest.mark.slow, pytest.mark.database]
RESTRICTED, ROLLED, FULL = "rk_test_before0000", "rk_test_after00000", "sk_test_full000000"


@pytest.fixture
def site_with(app_with, emulator: Emulator) -> Iterator[Callable[[str], Flask]]:
    """The site with a key; Stripe lets no restricted key read its account."""
    with MisbehavingStripe(emulator.url) as forbidding, MisbehavingStripe(emulator.url) as allowing:
        forbidding.answer(403, "/v1/account")

        def build(key: str) -> Flask:
            base = forbidding.url if key.startswith("rk_") else allowing.url
            keys = {"stripe_secret_key": key, "stripe_publishable_key": "pk_test_1", "stripe_webhook_secret": "whsec_1"}
            site: Flask = app_with(**keys, stripe_api_base=base)
            return site

        yield build


def subscriber_of(site: Flask, at_stripe: Stripe) -> Person:
    at_stripe.mute()
    alice = Person.sign_up(site, "alice@example.com")
    session_id = session_id_in(alice.buy("pro").location)
    at_stripe.pay(session_id)
    alice.get(f"/checkout/success?session_id={session_id}")
    return alice


@pytest.mark.parametrize(("before", "after"), [(RESTRICTED, ROLLED), (FULL, RESTRICTED), (RESTRICTED, FULL)])
def test_subscriber_stays_one_when_the_key_changes(
    site_with: Callable[[str], Flask], at_stripe: Stripe, before: str, after: str
) -> None:
    alice = subscriber_of(site_with(before), at_stripe)

    site = site_with(after)
    with site.app_context():
        report = sync_all()
        accounts = set(db.session.scalars(db.select(Subscription.stripe_account)))
    returning = Person(site, site.test_client(), alice.email)
    returning.post("/login", page="/login", email=alice.email, password=PASSWORD)
    address = returning.buy("pro").location

    assert (report.has_access_without_paying, alice.role, len(accounts)) == ([], "pro", 1)
    assert "/c/pay/" not in address
    assert len(at_stripe.v1.customers.list({}).data) == 1


def test_key_of_another_account_finds_nobody(
    site_with: Callable[[str], Flask], at_stripe: Stripe, emulator: Emulator
) -> None:
    alice = subscriber_of(site_with(RESTRICTED), at_stripe)
    emulator.reset()

    with site_with(ROLLED).app_context():
        sync_all()

    assert alice.role == "free"
