"""A plan's trial may begin without a card; where none is added, it is over when the trial is."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from stripe_emulator import Emulator

from tests.catalogue import CATALOG
from tests.people import Person
from tests.stripe_actions import Stripe, session_id_in

WITHOUT_CARD = replace(
    CATALOG,
    plans=tuple(
        replace(plan, trial_days=14, trial_needs_card=False) if plan.key == "pro" else plan for plan in CATALOG.plans
    ),
)


@pytest.fixture
def alice_there(alice: Person, deploy: Callable[..., Flask]) -> Person:
    """Alice on a site whose Pro can be tried without a card."""
    return alice.on(deploy(WITHOUT_CARD))


def test_trial_without_a_card_gives_the_plan_and_ends_with_nothing_charged(
    alice_there: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.confirm(session_id_in(alice_there.buy("pro").location))
    emulator.wait_until_idle()
    during = alice_there.role
    emulator.advance(days=15)
    emulator.wait_until_idle()

    assert (during, alice_there.role) == ("pro", "free")
    assert at_stripe.subscriptions()[0]["status"] == "canceled"
    assert at_stripe.charges() == []
    assert "/c/pay/" in alice_there.buy("pro").location


@pytest.mark.parametrize(("plan", "collection"), [("pro", "if_required"), ("basic", "always")])
def test_only_the_trial_of_that_plan_asks_for_no_card(
    alice_there: Person, at_stripe: Stripe, plan: str, collection: str
) -> None:
    session = at_stripe.session(session_id_in(alice_there.buy(plan).location))

    assert session["payment_method_collection"] == collection
