"""Who sells: every session says it, whatever the account does by default."""

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.billing.gateway.client import get_gateway
from app.billing.models.stripe import StripeConnection
from app.billing.setup.checks import MANAGED, Mark, stripe_checks
from app.database import db, utcnow
from tests.catalogue import CATALOG
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def sells_by_default(emulator: Emulator) -> Iterator[None]:
    """An account that has Managed Payments on, and offers no switch."""
    emulator.configure(managed_payments_by_default=True)
    yield
    emulator.configure(managed_payments_by_default=False)


@pytest.mark.parametrize("is_wanted", [False, True])
@pytest.mark.parametrize("plan", ["pro", "lifetime"])
def test_session_uses_managed_payments_as_the_setting_says(
    app_with: Callable[..., Flask], sells_by_default: None, at_stripe: Stripe, plan: str, is_wanted: bool
) -> None:
    alice = Person.sign_up(app_with(stripe_managed_payments=is_wanted), "alice@example.com")

    session = at_stripe.session(session_id_in(alice.buy(plan).location))

    assert session["managed_payments"]["enabled"] is is_wanted


@pytest.mark.needs("app/billing/gateway/oauth.py")
def test_connected_account_sells_by_itself(
    app_with: Callable[..., Flask], app: Flask, sells_by_default: None, at_stripe: Stripe
) -> None:
    account = at_stripe.v1.accounts.retrieve_current().id
    with app.app_context():
        db.session.add(StripeConnection(stripe_account=account, livemode=False, connected_at=utcnow()))
        db.session.commit()
    connected = app_with(stripe_managed_payments=True, stripe_connect_client_id="ca_test000000000000")

    answer = Person.sign_up(connected, "alice@example.com").buy("pro")

    assert answer.status_code == 303
    assert not at_stripe.session(session_id_in(answer.location))["managed_payments"]["enabled"]


@pytest.mark.parametrize(
    ("is_wanted", "links", "mark"),
    [(False, {}, Mark.LATER), (True, {}, Mark.OK), (False, {"lifetime": "link"}, Mark.FAIL)],
)
def test_check_tells_where_the_accounts_default_is_another(
    app_with: Callable[..., Flask],
    sells_by_default: None,
    at_stripe: Stripe,
    is_wanted: bool,
    links: dict[str, str],
    mark: Mark,
) -> None:
    app = app_with(stripe_managed_payments=is_wanted)
    settings = app.extensions["settings"].model_copy(update={"stripe_payment_links": links})

    with app.app_context():
        [check] = [check for check in stripe_checks(get_gateway(), settings) if check.name == MANAGED]

    assert check.mark is mark
    assert ("they are on by default" in check.detail) == (mark is not Mark.OK)
    assert {one.status for one in at_stripe.v1.checkout.sessions.list({}).data} == {"expired"}


def test_check_asks_with_what_is_paid_once_where_nothing_else_is_sold(
    app_with: Callable[..., Flask], push: Callable[[Flask], None], sells_by_default: None
) -> None:
    lifetime = tuple(plan for plan in CATALOG.plans if plan.key == "lifetime")
    app = app_with(dataclasses.replace(CATALOG, plans=lifetime))
    push(app)

    with app.app_context():
        [check] = [one for one in stripe_checks(get_gateway(), app.extensions["settings"]) if one.name == MANAGED]

    assert "they are on by default" in check.detail
