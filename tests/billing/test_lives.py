"""Random lives of a subscriber on the emulator, with everything going wrong that can go wrong with deliveries."""

import os
from contextlib import suppress

import pytest
import stripe as sdk
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from app.billing.catalogue_push import push_catalogue
from app.billing.gateway import get_gateway
from app.database import db
from app.extensions import limiter
from stripe_emulator import Emulator
from tests.billing.oracle import assert_everything_equals_stripe
from tests.conftest import CACHES
from tests.people import Person
from tests.stripe_actions import Json, Stripe, session_id_in

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
EXAMPLES, STEPS = (1000, 20) if NIGHTLY else (4, 8)
CHAOS = {"duplicate": 0.3, "delay": 0.2, "shuffle": True, "drop": 0.2}
PLANS = st.sampled_from([("basic", "month"), ("pro", "month"), ("pro", "year"), ("lifetime", "month")])
TOKENS = st.sampled_from(["tok_visa", "tok_visa", "tok_chargeDeclined", "tok_createDispute"])
KEYS = st.sampled_from(["basic_month", "basic_year", "pro_month", "pro_year"])


class Life(RuleBasedStateMachine):
    """Alice's life as a customer; what she and the operator can do next depends on where she stands."""

    def __init__(self, app: Flask, emulator: Emulator, *, same_second: bool) -> None:
        super().__init__()
        self.app, self.emulator, self.stripe = app, emulator, Stripe(emulator)
        _start_again(app, emulator)
        emulator.chaos(**CHAOS, same_second=same_second)
        self.alice = Person.sign_up(app, "alice@example.com")

    @property
    def live(self) -> Json | None:
        """The subscription that is not over."""
        over = ("canceled", "incomplete_expired")
        return next((one for one in self.stripe.subscriptions() if one["status"] not in over), None)

    @rule(wanted=PLANS, token=TOKENS)
    def buy(self, wanted: tuple[str, str], token: str) -> None:
        limiter.reset()
        address = self.alice.buy(*wanted).location
        if "/c/pay/" in address:
            with suppress(sdk.CardError):
                self.stripe.pay(session_id_in(address), token)

    @rule(wanted=PLANS)
    def leave_checkout_open(self, wanted: tuple[str, str]) -> None:
        limiter.reset()
        self.alice.buy(*wanted)

    @rule()
    def come_back_from_checkout(self) -> None:
        for session in self.stripe.v1.checkout.sessions.list({"limit": 1}).data:
            assert self.alice.get(f"/checkout/success?session_id={session.id}").status_code == 200

    @precondition(lambda self: self.live)
    @rule(key=KEYS)
    def change_plan(self, key: str) -> None:
        with suppress(sdk.CardError, sdk.InvalidRequestError):
            self.stripe.swap_price(self.live["id"], key)

    @precondition(lambda self: self.live)
    @rule()
    def cancel_in_portal(self) -> None:
        self.stripe.cancel_in_portal(self.live["id"])

    @precondition(lambda self: self.live)
    @rule(flag=st.booleans())
    def cancel_or_resume_by_api(self, flag: bool) -> None:
        with suppress(sdk.InvalidRequestError):
            self.stripe.v1.subscriptions.update(self.live["id"], {"cancel_at_period_end": flag})

    @precondition(lambda self: self.live)
    @rule()
    def resume_in_portal(self) -> None:
        self.stripe.resume_in_portal(self.live["id"])

    @precondition(lambda self: self.live)
    @rule()
    def cancel_now(self) -> None:
        self.stripe.v1.subscriptions.cancel(self.live["id"])

    @precondition(lambda self: self.live)
    @rule(token=st.sampled_from(["tok_chargeCustomerFail", "tok_visa"]))
    def change_card(self, token: str) -> None:
        self.stripe.use_card(self.live["customer"], token)

    @rule(days=st.sampled_from([1, 8, 32]))
    def let_time_pass(self, days: int) -> None:
        self.emulator.advance(days=days)

    @rule(share=st.sampled_from([1, 2]))
    def refund(self, share: int) -> None:
        charges = [one for one in self.stripe.charges() if one["paid"] and not one["refunded"] and not one["disputed"]]
        if charges:
            left = charges[-1]["amount"] - charges[-1]["amount_refunded"]
            self.stripe.v1.refunds.create({"charge": charges[-1]["id"], "amount": max(left // share, 1)})

    @rule(evidence=st.sampled_from(["winning_evidence", "losing_evidence"]))
    def answer_dispute(self, evidence: str) -> None:
        for dispute in self.stripe.v1.disputes.list({}).data:
            if dispute.status == "needs_response":
                given = {"evidence": {"uncategorized_text": evidence}, "submit": True}
                self.stripe.v1.disputes.update(dispute.id, given)

    @rule()
    def rest(self) -> None:
        self.emulator.wait_until_idle()
        assert_everything_equals_stripe(self.app, self.stripe)

    def teardown(self) -> None:
        self.rest()


@pytest.mark.parametrize("same_second", [False, True])
def test_at_rest_everything_equals_what_stripe_says(
    site: str, app: Flask, emulator: Emulator, same_second: bool
) -> None:
    some = settings(max_examples=EXAMPLES, stateful_step_count=STEPS)

    run_state_machine_as_test(lambda: Life(app, emulator, same_second=same_second), settings=some)


def _start_again(app: Flask, emulator: Emulator) -> None:
    emulator.chaos()
    emulator.reset()
    for cache in CACHES:
        app.extensions.pop(cache, None)
    limiter.reset()
    with app.app_context():
        for table in reversed(db.metadata.sorted_tables):
            db.session.execute(table.delete())
        db.session.commit()
        push_catalogue(get_gateway(), app.extensions["settings"])
