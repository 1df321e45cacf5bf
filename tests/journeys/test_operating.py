"""Olga operates the site: she sees who paid, finds out why, and repairs what was lost on the way."""

import re
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask
from stripe_emulator import Emulator

from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in


@pytest.fixture
def flask(app: Flask) -> Callable[..., Result]:
    """Run `flask` with these arguments."""
    return lambda *arguments: app.test_cli_runner().invoke(args=list(arguments))


@pytest.fixture
def olga(app: Flask) -> Person:
    """The operator."""
    olga = Person.sign_up(app, "olga@example.com")
    olga.become_admin()
    return olga


@pytest.mark.needs("app/admin")
def test_olga_sees_what_alice_paid_and_why_she_is_pro(
    site: str, alice: Person, olga: Person, at_stripe: Stripe, emulator: Emulator, flask: Callable[..., Result]
) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro", "year").location))
    emulator.wait_until_idle()
    subscription_id = at_stripe.subscriptions()[0]["id"]

    why, payments = flask("billing", "why", alice.email).output, flask("billing", "payments").output
    status, drift = flask("billing", "status").output, flask("billing", "sync", "--dry-run").output
    overview, page = olga.get("/admin/").text, olga.get("/admin/payments").text
    detail = olga.get(f"/admin/users/{alice.id}").text

    assert "role    pro" in why
    assert f"object  {subscription_id}" in why
    assert "event   evt_" in why
    assert re.search(r"\$290 +paid +alice@example\.com", payments)
    assert "last webhook   none yet" not in status
    assert "1 checked, 0 would be repaired." in drift
    assert "$24.17" in overview
    assert "alice@example.com" in page
    assert subscription_id in detail


def test_olga_makes_up_for_lost_webhooks_with_one_command(
    site: str, alice: Person, at_stripe: Stripe, flask: Callable[..., Result]
) -> None:
    at_stripe.mute()
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    assert alice.role == "free"

    dry = flask("billing", "sync", "--dry-run").output
    role_after_dry_run = alice.role
    repaired = flask("billing", "sync").output

    assert "alice@example.com pays without access" in dry
    assert role_after_dry_run == "free"
    assert "1 repaired" in repaired
    assert alice.role == "pro"
    assert "1 checked, 0 repaired." in flask("billing", "sync").output


@pytest.mark.needs("app/admin")
def test_olga_replays_what_failed_while_stripe_was_away(
    site: str, alice: Person, olga: Person, at_stripe: Stripe, emulator: Emulator, flask: Callable[..., Result]
) -> None:
    at_stripe.pay(session_id_in(alice.buy("basic").location))
    emulator.wait_until_idle()
    event_id = next(event["id"] for event in at_stripe.events("customer.subscription.created"))

    answer = olga.post(f"/admin/events/{event_id}/replay", page=f"/admin/events/{event_id}")
    again = flask("billing", "replay", event_id)

    assert answer.status_code == 303
    assert again.exit_code == 0, again.output
    assert alice.role == "basic"
    assert "1 checked, 0 would be repaired." in flask("billing", "sync", "--dry-run").output


def test_alice_keeps_her_role_when_the_price_moves_on(
    site: str, alice: Person, at_stripe: Stripe, emulator: Emulator, flask: Callable[..., Result]
) -> None:
    at_stripe.pay(session_id_in(alice.buy("pro").location))
    emulator.wait_until_idle()
    subscription_id, old = at_stripe.subscriptions()[0]["id"], at_stripe.price("shop_pro_month")
    product = at_stripe.v1.prices.retrieve(old).product
    dearer = {"product": product, "currency": "usd", "unit_amount": 3900, "recurring": {"interval": "month"}}
    at_stripe.v1.prices.create(dearer | {"lookup_key": "shop_pro_month", "transfer_lookup_key": True})
    assert at_stripe.v1.prices.retrieve(old).lookup_key is None

    at_stripe.v1.subscriptions.update(subscription_id, {"metadata": {"touched": "yes"}})
    emulator.wait_until_idle()
    flask("billing", "sync")

    assert alice.role == "pro"
    assert f"object  {subscription_id}" in flask("billing", "why", alice.email).output
