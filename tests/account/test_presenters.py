"""The account page's words: nine states, each with one sentence and one thing to do."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from app.account.presenters import CardView, State, describe, describe_card, describe_other_access, describe_problem
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import NextCharge, PaidBefore

RENEWAL = datetime(2026, 12, 20, tzinfo=UTC)


@dataclass
class Subscription:
    status: str = "active"
    plan_name: str | None = "Pro"
    amount: int | None = 1900
    currency: str | None = "usd"
    interval: str | None = "month"
    interval_count: int = 1
    seats: int | None = None
    current_period_end: datetime | None = RENEWAL
    trial_end: datetime | None = None
    cancel_at: datetime | None = None
    ended_at: datetime | None = None
    is_canceling: bool = False
    is_charged_again: bool = True
    skips_next_charge: bool = False
    collection_resumes_at: datetime | None = None
    next_charge: NextCharge | None = None
    has_ended: bool = False
    needs_payment: bool = False
    grants_access: bool = True
    is_in_grace: bool = False
    paid_before: PaidBefore | None = None


@dataclass
class Payment:
    amount: int = 1900
    currency: str = "usd"
    status: str = "failed"
    hosted_invoice_url: str | None = "https://invoice.stripe.com/i/1"
    next_attempt_at: datetime | None = RENEWAL


ACTIVE = Subscription()
TRIALING = Subscription(status="trialing", trial_end=RENEWAL)
PAST_DUE = Subscription(status="past_due", needs_payment=True)
UNPAID = Subscription(status="unpaid", needs_payment=True, grants_access=False)
INCOMPLETE = Subscription(status="incomplete", needs_payment=True, grants_access=False)
CANCELING = Subscription(is_canceling=True, is_charged_again=False, cancel_at=RENEWAL)
ENDED = Subscription(status="canceled", has_ended=True, ended_at=RENEWAL, grants_access=False)


@pytest.mark.parametrize(
    ("subscription", "state", "sentence", "tone", "label"),
    [
        (None, State.NONE, "You're on the free plan.", "plain", "See plans"),
        (INCOMPLETE, State.INCOMPLETE, "Your first payment needs one more step.", "warn", "Finish payment"),
        (
            TRIALING,
            State.TRIALING,
            "Your Pro trial ends on 20 December 2026. Then $19 a month.",
            "accent",
            "Manage billing",
        ),
        (
            ACTIVE,
            State.ACTIVE,
            "You're on Pro, $19 a month. It renews on 20 December 2026.",
            "plain",
            "Manage billing",
        ),
        (
            CANCELING,
            State.CANCELING,
            "Pro stays on until 20 December 2026. You won't be charged again.",
            "warn",
            "Keep Pro",
        ),
        (
            PAST_DUE,
            State.PAST_DUE,
            "Your last payment didn't go through. Pro stays on while we retry.",
            "danger",
            "Update card",
        ),
        (UNPAID, State.UNPAID, "Pro is paused until a payment goes through.", "danger", "Update card"),
        (ENDED, State.ENDED, "Your Pro subscription ended on 20 December 2026.", "plain", "Choose a plan"),
    ],
)
def test_each_state_has_its_sentence_tone_and_action(
    subscription: Subscription | None,
    state: State,
    sentence: str,
    tone: str,
    label: str,
) -> None:
    summary = describe(subscription)

    assert (summary.state, summary.sentence) == (state, sentence)
    assert (summary.tone, summary.action.label) == (tone, label)


def test_unreachable_stripe_is_said_with_what_was_last_known() -> None:
    summary = describe(ACTIVE, is_stale=True)

    assert summary.state is State.UNKNOWN
    assert summary.sentence == "We can't reach Stripe just now, so this may be out of date."
    assert summary.detail == "When we last heard: You're on Pro, $19 a month. It renews on 20 December 2026."


def test_an_invoice_by_mail_that_is_overdue_is_tried_by_nobody() -> None:
    summary = describe(PAST_DUE, payment_url="https://invoice.stripe.com/i/1", is_sent=True)

    assert summary.sentence == "Your invoice is overdue. Pro stays on for now."
    assert (summary.action.label, summary.action.url) == ("Pay the invoice", "https://invoice.stripe.com/i/1")


def test_past_due_without_access_is_never_told_that_the_plan_stays_on() -> None:
    summary = describe(replace(PAST_DUE, grants_access=False))

    assert summary.sentence == "Pro is paused until a payment goes through."


@pytest.mark.parametrize(
    ("subscription", "words"),
    [
        (
            replace(ACTIVE, next_charge=NextCharge(900, "usd", RENEWAL, "Basic")),
            "You're on Pro. On 20 December 2026 it becomes Basic, for $9.",
        ),
        (
            replace(ACTIVE, seats=5, next_charge=NextCharge(1500, "usd", RENEWAL, None, 3)),
            "You're on Pro, 5 seats. On 20 December 2026 it becomes 3 seats, for $15.",
        ),
        (
            replace(ACTIVE, next_charge=NextCharge(1000, "usd", datetime(2026, 11, 20, tzinfo=UTC))),
            "You're on Pro. $10 is due on 20 November 2026, and it renews on 20 December 2026.",
        ),
        (
            replace(TRIALING, next_charge=NextCharge(900, "usd", RENEWAL, "Basic")),
            "Your Pro trial ends on 20 December 2026. Then it becomes Basic, for $9.",
        ),
    ],
)
def test_what_comes_next_is_named_where_it_is_another_thing(subscription: Subscription, words: str) -> None:
    assert describe(subscription).sentence == words


BASIC = PaidBefore("Basic", None, RENEWAL, is_less=True)
TWO_SEATS = PaidBefore("Pro", 2, RENEWAL, is_less=True)


@pytest.mark.parametrize(
    ("subscription", "sentence", "stays"),
    [
        (
            replace(PAST_DUE, paid_before=BASIC, is_in_grace=True),
            "Your change to Pro is not paid yet. It stays on while we retry; Basic is paid until 20 December 2026.",
            "Pro stays on until",
        ),
        (
            replace(PAST_DUE, paid_before=BASIC),
            "You're on Basic: your change to Pro is not paid. What you have is paid until 20 December 2026.",
            "Basic stays on until",
        ),
        (
            replace(PAST_DUE, paid_before=TWO_SEATS, seats=3),
            "You're on Pro with 2 seats: your change to Pro with 3 seats is not paid. "
            "What you have is paid until 20 December 2026.",
            "Pro stays on until",
        ),
        (
            replace(PAST_DUE, plan_name="Basic", paid_before=replace(BASIC, plan_name="Pro", is_less=False)),
            "You're on Pro: your change to Basic is not paid. What you have is paid until 20 December 2026.",
            "Pro stays on until",
        ),
    ],
)
def test_a_change_that_is_not_paid_is_told_beside_what_is(
    subscription: Subscription, sentence: str, stays: str
) -> None:
    problem = describe_problem(subscription, Payment(), access_until=RENEWAL)

    assert describe(subscription).sentence == sentence
    assert problem
    assert stays in problem.text


def test_a_trial_set_to_end_was_never_charged() -> None:
    summary = describe(replace(TRIALING, is_canceling=True, is_charged_again=False))

    assert summary.sentence == "Pro stays on until 20 December 2026. You won't be charged."


def test_a_subscription_whose_price_no_plan_knows_still_has_a_sentence() -> None:
    summary = describe(replace(ACTIVE, plan_name=None, amount=None))

    assert summary.sentence == "You have a subscription. It renews on 20 December 2026."


def test_a_yearly_price_says_a_year() -> None:
    summary = describe(replace(ACTIVE, amount=19000, interval="year", current_period_end=None))

    assert summary.sentence == "You're on Pro, $190 a year."


def test_lifetime_outlives_an_ended_subscription() -> None:
    summary = describe(ENDED, other_access=describe_other_access("Pro"))

    assert summary.sentence == "Pro is yours for good. There is nothing more to pay."
    assert summary.action.label == "Go to your dashboard"


def test_a_gift_says_until_when() -> None:
    sentence = describe_other_access("Pro", is_gift=True, until=RENEWAL)

    assert sentence == "You have Pro as a gift, until 20 December 2026."


def test_an_unfinished_first_payment_leads_to_its_invoice() -> None:
    action = describe(INCOMPLETE, payment_url="https://invoice.stripe.com/i/1").action

    assert action.url == "https://invoice.stripe.com/i/1"
    assert action.post_to is None


def test_a_failed_payment_says_when_it_is_tried_again_and_how_long_the_plan_stays() -> None:
    problem = describe_problem(PAST_DUE, Payment(), access_until=datetime(2026, 12, 27, tzinfo=UTC))

    assert problem is not None
    assert problem.text == (
        "The payment of $19 didn't go through. We try again on 20 December 2026. "
        "Pro stays on until 27 December 2026. Update your card and all goes on."
    )
    assert problem.action.flow == "payment_method_update"


def test_after_the_last_try_a_new_card_is_not_said_to_be_enough() -> None:
    problem = describe_problem(PAST_DUE, Payment(next_attempt_at=None))

    assert problem is not None
    assert problem.text == "The payment of $19 didn't go through. Nothing is tried again: pay now to keep Pro."
    assert problem.pay is not None
    assert problem.pay.url == "https://invoice.stripe.com/i/1"


def test_a_payment_that_waits_for_the_bank_leads_to_the_invoice() -> None:
    problem = describe_problem(PAST_DUE, Payment(status="action_required"))

    assert problem is not None
    assert problem.heading == "Your bank wants you to confirm a payment"
    assert problem.action.url == "https://invoice.stripe.com/i/1"


@pytest.mark.parametrize("subscription", [None, ACTIVE, ENDED])
def test_there_is_no_problem_where_nothing_is_owed(
    subscription: Subscription | None,
) -> None:
    assert describe_problem(subscription, Payment()) is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"amount": 7800, "interval_count": 3}, "You're on Pro, $78 every 3 months. It renews on 20 December 2026."),
        (
            {"next_charge": NextCharge(1900, "usd", RENEWAL)},
            "You're on Pro, $19 a month. It renews on 20 December 2026.",
        ),
        ({"next_charge": NextCharge(950, "usd", RENEWAL)}, "You're on Pro. It renews on 20 December 2026, for $9.50."),
        (
            {"next_charge": NextCharge(0, "usd", RENEWAL)},
            "You're on Pro. It renews on 20 December 2026, and nothing is due then.",
        ),
        (
            {"skips_next_charge": True},
            "You're on Pro, $19 a month. Payments are paused, so nothing is charged.",
        ),
        (
            {"skips_next_charge": True, "collection_resumes_at": datetime(2027, 1, 5, tzinfo=UTC)},
            "You're on Pro, $19 a month. Payments are paused until 5 January 2027, so nothing is charged.",
        ),
        (
            {"status": "trialing", "trial_end": RENEWAL, "next_charge": NextCharge(950, "usd", RENEWAL)},
            "Your Pro trial ends on 20 December 2026. Then $9.50 is due.",
        ),
        (
            {"is_canceling": True, "cancel_at": datetime(2027, 2, 20, tzinfo=UTC)},
            "Pro stays on until 20 February 2027. Until then it renews: on 20 December 2026, for $19 a month.",
        ),
        (
            {
                "is_canceling": True,
                "cancel_at": datetime(2027, 2, 20, tzinfo=UTC),
                "next_charge": NextCharge(950, "usd", RENEWAL),
            },
            "Pro stays on until 20 February 2027. Until then it renews: on 20 December 2026, for $9.50.",
        ),
        (
            {"status": "paused", "grants_access": False},
            "Your trial has ended, and Pro is paused until you add a way to pay.",
        ),
    ],
)
def test_the_next_charge_is_what_stripe_will_charge(changes: dict[str, object], sentence: str) -> None:
    assert describe(replace(ACTIVE, **changes)).sentence == sentence


@pytest.mark.parametrize(
    ("brand", "last4", "expiry", "words"),
    [
        ("visa", "4242", (12, 2026), CardView("Visa ending in 4242", "Valid until 12/2026")),
        ("amex", "0005", (11, 2026), CardView("American Express ending in 0005", "Expired 11/2026")),
        ("sepa_debit", "3201", (None, None), CardView("SEPA debit ending in 3201", None)),
        ("link", None, (None, None), CardView("Link", None)),
        (None, None, (None, None), None),
    ],
)
def test_card_on_file_is_told_by_what_its_owner_knows_it_by(
    brand: str | None, last4: str | None, expiry: tuple[int | None, int | None], words: CardView | None
) -> None:
    card = StripeCustomer(card_brand=brand, card_last4=last4, card_exp_month=expiry[0], card_exp_year=expiry[1])

    assert describe_card(card, RENEWAL) == words
