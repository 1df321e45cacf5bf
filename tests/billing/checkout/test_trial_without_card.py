"""A plan's trial may begin without a card; where none is added, it is over when the trial is."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from stripe_emulator import Emulator

from app.database import db
from app.mail.compose import compose
from app.mail.outbox import OutboxMail
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


def test_mail_before_the_end_of_such_a_trial_asks_for_a_card(
    alice_there: Person, at_stripe: Stripe, emulator: Emulator
) -> None:
    at_stripe.confirm(session_id_in(alice_there.buy("pro").location))
    emulator.advance(days=12)
    emulator.wait_until_idle()

    with alice_there.app.app_context():
        row = db.session.scalars(db.select(OutboxMail).where(OutboxMail.template == "trial_will_end")).one()
        text = str(compose(row).get_body(("plain",)))
    assert "add a card" in text
    assert "there is nothing to do" not in text and "the card you gave" not in text
