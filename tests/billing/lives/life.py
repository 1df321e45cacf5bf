"""The rules of a random life: what a subscriber, the operator, the bank and time can do next."""

from contextlib import suppress

import stripe as sdk
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from stripe_emulator import ApiError

from app.auth.models import User
from app.billing.catalog.plans import Role
from app.billing.roles.grants import grant_role, revoke_grants
from app.database import db
from tests.billing.lives.figures import (
    assert_next_invoice_is_the_one_promised,
    assert_page_names_the_amounts,
    assert_reports_equal_stripe,
)
from tests.billing.lives.oracle import assert_everything_equals_stripe
from tests.billing.lives.stage import CODES
from tests.billing.lives.terms import REFUSED, TERMS, Term, Terms
from tests.catalogue import BASIC, PRO

PLANS = st.sampled_from(
    [("basic", "month"), ("basic", "year"), ("pro", "month"), ("pro", "year"), ("lifetime", "month")]
)
TOKENS = st.sampled_from(
    ["tok_visa", "tok_visa", "tok_visa", "tok_chargeDeclined", "tok_chargeCustomerFail", "tok_createDispute",
     "tok_authenticationRequired", "tok_refundFail", "tok_pendingRefund"]
)  # fmt: skip
CARDS = st.sampled_from(["tok_chargeCustomerFail", "tok_authenticationRequired", "tok_visa", "tok_createDispute"])
GOOD_DEBIT, BAD_DEBIT = "AT611904300234573201", "AT861904300235473202"
KEYS = st.sampled_from(["shop_basic_month", "shop_basic_year", "shop_pro_month", "shop_pro_year", "shop_team_month"])
SEATS = st.integers(1, 9)
CURRENCIES = st.sampled_from([None, None, None, "eur"])


class Life(Terms):
    """Alice's life as a customer; what she and the operator can do next depends on where she stands."""

    @initialize(
        seed=st.integers(0, 2**32),
        kind=st.sampled_from(["usual", "usual", "trial"]),
        wanted=PLANS,
        terms=st.lists(TERMS, max_size=2),
        currency=CURRENCIES,
    )
    def begin(self, seed: int, kind: str, wanted: tuple[str, str], terms: list[Term], currency: str | None) -> None:
        self.appear(seed, kind)
        self.currency = currency
        self.buy(wanted, "tok_visa", None)
        for name, asked in terms:
            if self.live:
                getattr(self, name)(asked)

    @invariant()
    def some_of_the_post_comes(self) -> None:
        self.post.carry()

    @rule(wanted=PLANS, token=TOKENS, code=st.sampled_from([None, None, *CODES]))
    def buy(self, wanted: tuple[str, str], token: str, code: str | None) -> None:
        if session_id := self.session_for(wanted):
            params = {"promotion_code": code} if code else {}
            with suppress(*REFUSED):
                self.stripe.pay(session_id, token, **params)

    @rule(wanted=PLANS, iban=st.sampled_from([GOOD_DEBIT, BAD_DEBIT]))
    def buy_by_debit(self, wanted: tuple[str, str], iban: str) -> None:
        if session_id := self.session_for(wanted):
            with suppress(*REFUSED):
                self.stripe.pay_by_debit(session_id, iban)

    @rule(seats=SEATS, seats_at_checkout=SEATS)
    def buy_seats(self, seats: int, seats_at_checkout: int) -> None:
        """Choose a number of seats, and another one at Checkout."""
        if session_id := self.session_for(("team", "month"), seats=str(seats)):
            with suppress(ApiError):
                self.emulator.pay_session(session_id, "tok_visa", quantity=seats_at_checkout)

    @precondition(lambda self: self.live)
    @rule(seats=SEATS)
    def change_seats(self, seats: int) -> None:
        with suppress(*REFUSED):
            self.stripe.change_seats(self.one_of(self.live), seats)

    @rule(wanted=PLANS)
    def leave_checkout_open(self, wanted: tuple[str, str]) -> None:
        self.session_for(wanted)

    @precondition(lambda self: self.all_of("checkout.session", status="open"))
    @rule()
    def expire_checkout(self) -> None:
        for session in self.all_of("checkout.session", status="open"):
            self.stripe.v1.checkout.sessions.expire(session["id"])

    @rule(currency=CURRENCIES)
    def choose_a_currency(self, currency: str | None) -> None:
        self.currency = currency

    @rule()
    def come_back_from_checkout(self) -> None:
        for session in self.all_of("checkout.session")[:1]:
            assert self.alice.get(f"/checkout/success?session_id={session['id']}").status_code == 200

    @precondition(lambda self: self.waiting)
    @rule(succeeds=st.booleans())
    def answer_bank(self, succeeds: bool) -> None:
        """Finish, or fail, what waits for 3-D Secure."""
        answer = self.emulator.confirm_3d_secure if succeeds else self.emulator.fail_3d_secure
        for intent in self.waiting:
            with suppress(ApiError):
                answer(intent["id"])

    @precondition(lambda self: self.customer)
    @rule(key=KEYS, trial=st.booleans())
    def subscribe_elsewhere(self, key: str, trial: bool) -> None:
        """Another system on the account gives her a subscription, beside the one that she may have."""
        params = {"trial_period_days": 7} if trial else {}
        self.stripe.subscribe(self.customer, self.stripe.price(key), **params)

    @precondition(lambda self: self.live)
    @rule(key=KEYS)
    def change_plan(self, key: str) -> None:
        with suppress(*REFUSED):
            self.stripe.swap_price(self.one_of(self.live), key)

    @precondition(lambda self: self.live)
    @rule()
    def cancel_in_portal(self) -> None:
        self.stripe.cancel_in_portal(self.one_of(self.live))

    @precondition(lambda self: self.live)
    @rule(flag=st.booleans())
    def cancel_or_resume_by_api(self, flag: bool) -> None:
        with suppress(sdk.InvalidRequestError):
            self.stripe.v1.subscriptions.update(self.one_of(self.live), {"cancel_at_period_end": flag})

    @precondition(lambda self: self.live)
    @rule()
    def resume_in_portal(self) -> None:
        self.stripe.resume_in_portal(self.one_of(self.live))

    @precondition(lambda self: self.live)
    @rule()
    def cancel_now(self) -> None:
        self.stripe.v1.subscriptions.cancel(self.one_of(self.live))

    @precondition(lambda self: self.live)
    @rule(pause=st.booleans())
    def pause_or_unpause(self, pause: bool) -> None:
        with suppress(*REFUSED):
            if pause:
                self.stripe.v1.subscriptions.pause(self.one_of(self.live), {"type": "subscription"})
            else:
                self.stripe.v1.subscriptions.resume(self.one_of(self.live))

    @precondition(lambda self: self.live)
    @rule(behavior=st.sampled_from(["keep_as_draft", "mark_uncollectible", "void", None]))
    def pause_or_resume_collection(self, behavior: str | None) -> None:
        with suppress(sdk.InvalidRequestError):
            pause = {"behavior": behavior} if behavior else ""
            self.stripe.v1.subscriptions.update(self.one_of(self.live), {"pause_collection": pause})

    @precondition(lambda self: self.live)
    @rule()
    def end_trial(self) -> None:
        with suppress(*REFUSED):
            self.stripe.v1.subscriptions.update(self.one_of(self.live), {"trial_end": "now"})

    @precondition(lambda self: self.live)
    @rule(token=CARDS)
    def change_card(self, token: str) -> None:
        self.stripe.use_card(self.chance.choice(self.live)["customer"], token)

    @precondition(lambda self: self.all_of("invoice", status="open"))
    @rule(way=st.sampled_from(["pay", "pay", "void_invoice", "mark_uncollectible"]))
    def settle_invoice(self, way: str) -> None:
        """She pays what is open, or the operator gives it up; what a debit under way pays for is not open to that."""
        for invoice in self.all_of("invoice", status="open"):
            if not invoice["parent"]:
                continue
            with suppress(*REFUSED):
                getattr(self.stripe.v1.invoices, way)(invoice["id"])

    @rule(days=st.sampled_from([1, 4, 8, 32]))
    def let_time_pass(self, days: int) -> None:
        self.emulator.advance(days=days)

    @rule(final=st.sampled_from(["canceled", "unpaid", "past_due"]))
    def set_what_comes_after_the_last_attempt(self, final: str) -> None:
        self.emulator.configure(dunning_final_status=final)

    @precondition(lambda self: self.refundable)
    @rule(share=st.sampled_from([1, 2]))
    def refund(self, share: int) -> None:
        charge = self.chance.choice(self.refundable)
        left = charge["amount"] - charge["amount_refunded"]
        self.stripe.v1.refunds.create({"charge": charge["id"], "amount": max(left // share, 1)})

    @precondition(lambda self: self.all_of("refund", status="pending"))
    @rule()
    def call_refund_back(self) -> None:
        for refund in self.all_of("refund", status="pending"):
            with suppress(*REFUSED):
                self.stripe.v1.refunds.cancel(refund["id"])

    @precondition(lambda self: self.refundable)
    @rule()
    def dispute(self) -> None:
        self.emulator.open_dispute(self.one_of(self.refundable))

    @precondition(lambda self: self.all_of("dispute", status="needs_response"))
    @rule(evidence=st.sampled_from(["winning_evidence", "losing_evidence"]))
    def answer_dispute(self, evidence: str) -> None:
        for dispute in self.all_of("dispute", status="needs_response"):
            given = {"evidence": {"uncategorized_text": evidence}, "submit": True}
            self.stripe.v1.disputes.update(dispute["id"], given)

    @precondition(lambda self: self.customer)
    @rule()
    def delete_customer(self) -> None:
        self.stripe.v1.customers.delete(self.customer)

    @rule(role=st.sampled_from([BASIC, PRO, None]))
    def grant_or_revoke(self, role: Role | None) -> None:
        with self.alice.app.app_context():
            user = db.session.scalars(db.select(User)).one()
            if role:
                grant_role(user, role, None, "the operator")
            else:
                revoke_grants(user, "the operator")

    @rule()
    def rest(self) -> None:
        self.post.settle()
        assert_everything_equals_stripe(self.alice.app, self.stripe)
        assert_page_names_the_amounts(self.alice, self.stripe)
        assert_reports_equal_stripe(self.alice, self.stripe)

    def teardown(self) -> None:
        if self.alice:
            self.rest()
            if self.post.is_in_our_hands:
                assert_next_invoice_is_the_one_promised(self.stripe, self.emulator)
