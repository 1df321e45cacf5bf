"""Managed Payments: asked for, on by default for some accounts, and not to be had through Connect."""

import pytest
import stripe

from stripe_emulator import Emulator
from tests.conftest import client_for
from tests.shop import Shop


@pytest.fixture
def shop(fresh_emulator: Emulator) -> Shop:
    """Return a shop on an emulator that nobody else uses."""
    return Shop(client_for(fresh_emulator.url), fresh_emulator.url, fresh_emulator.secret_key)


@pytest.mark.parametrize("by_default", [False, True])
@pytest.mark.parametrize("asked", [None, False, True])
def test_session_says_whether_stripe_sells_in_its_own_name(
    shop: Shop, fresh_emulator: Emulator, by_default: bool, asked: bool | None
) -> None:
    fresh_emulator.configure(managed_payments_by_default=by_default)

    session = shop.session(shop.pro, **({} if asked is None else {"managed_payments": {"enabled": asked}}))

    assert session.managed_payments is not None
    assert session.managed_payments.enabled is (by_default if asked is None else asked)
    assert session.automatic_tax.enabled is session.managed_payments.enabled


def test_connected_account_cannot_use_what_is_on_by_default(shop: Shop, fresh_emulator: Emulator) -> None:
    fresh_emulator.configure(managed_payments_by_default=True)
    account = {"stripe_account": shop.client.v1.accounts.retrieve_current().id}
    line = {"price": shop.pro.id, "quantity": 1}

    def start(**more: object) -> stripe.checkout.Session:
        wanted = {"mode": "subscription", "success_url": "https://shop.example/", "line_items": [line], **more}
        return shop.client.v1.checkout.sessions.create(wanted, account)  # type: ignore[arg-type]

    with pytest.raises(stripe.InvalidRequestError, match="cannot be used with Connect") as raised:
        start()

    assert raised.value.http_status == 400
    assert start(managed_payments={"enabled": False}).status == "open"


def test_own_payment_method_configuration_needs_the_default_switched_off(shop: Shop, fresh_emulator: Emulator) -> None:
    fresh_emulator.configure(managed_payments_by_default=True)

    with pytest.raises(stripe.InvalidRequestError, match="enabled by default on your account"):
        shop.session(shop.pro, payment_method_configuration="pmc_1")
