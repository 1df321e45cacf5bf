"""A subscription's state in words: one sentence, its tone, and the one thing to do next."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from flask import url_for

from app.templating import date, money, rhythm, seats
from app.words import card_name


class DueAmount(Protocol):
    """What Stripe will charge next, in minor units, and for what where a change is planned."""

    @property
    def amount(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def at(self) -> datetime | None: ...
    @property
    def plan_name(self) -> str | None: ...
    @property
    def seats(self) -> int | None: ...


class PaidBefore(Protocol):
    """What goes on being paid for while a change to something else is not."""

    @property
    def plan_name(self) -> str: ...
    @property
    def seats(self) -> int | None: ...
    @property
    def until(self) -> datetime: ...
    @property
    def is_less(self) -> bool: ...


class DescribedSubscription(Protocol):
    """A subscription as the words see it: Stripe's facts and our predicates."""

    @property
    def status(self) -> str: ...
    @property
    def plan_name(self) -> str | None: ...
    @property
    def amount(self) -> int | None: ...
    @property
    def currency(self) -> str | None: ...
    @property
    def interval(self) -> str | None: ...
    @property
    def interval_count(self) -> int: ...
    @property
    def seats(self) -> int | None: ...
    @property
    def current_period_end(self) -> datetime | None: ...
    @property
    def trial_end(self) -> datetime | None: ...
    @property
    def cancel_at(self) -> datetime | None: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def is_canceling(self) -> bool: ...
    @property
    def is_charged_again(self) -> bool: ...
    @property
    def skips_next_charge(self) -> bool: ...
    @property
    def collection_resumes_at(self) -> datetime | None: ...
    @property
    def next_charge(self) -> DueAmount | None: ...
    @property
    def has_ended(self) -> bool: ...
    @property
    def needs_payment(self) -> bool: ...
    @property
    def grants_access(self) -> bool: ...
    @property
    def is_in_grace(self) -> bool: ...
    @property
    def paid_before(self) -> PaidBefore | None: ...


class CardOnFile(Protocol):
    """What the next invoice is charged to, as the mirror keeps it."""

    @property
    def card_brand(self) -> str | None: ...
    @property
    def card_last4(self) -> str | None: ...
    @property
    def card_exp_month(self) -> int | None: ...
    @property
    def card_exp_year(self) -> int | None: ...


@dataclass(frozen=True)
class CardView:
    """What pays, in words: "Visa ending in 4242", and "Valid until 12/2028"."""

    words: str
    expires: str | None


class DiscountedCharge(Protocol):
    """What takes how much off the next charge."""

    @property
    def next_charge(self) -> DueAmount | None: ...
    @property
    def next_discount(self) -> int | None: ...
    @property
    def next_discount_names(self) -> str | None: ...


class OpenPayment(Protocol):
    """A payment that is still asked for, as the mirror keeps it."""

    @property
    def amount(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def hosted_invoice_url(self) -> str | None: ...
    @property
    def next_attempt_at(self) -> datetime | None: ...


class State(StrEnum):
    """What a subscriber can find on the account page."""

    NONE = "none"
    INCOMPLETE = "incomplete"
    TRIALING = "trialing"
    ACTIVE = "active"
    CANCELING = "canceling"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Action:
    """A button: a link to `endpoint` or `href`, or a form that posts there with its `flow`."""

    label: str
    endpoint: str | None = None
    posts: bool = False
    flow: str | None = None
    href: str | None = None

    @property
    def url(self) -> str:
        """Where a link leads or a form posts to."""
        return self.href or url_for(str(self.endpoint))

    @property
    def post_to(self) -> str | None:
        """The form's address, or None for a link."""
        return self.url if self.posts else None


@dataclass(frozen=True)
class Summary:
    """The account page's first lines. The tone is plain, accent, warn or danger."""

    state: State
    sentence: str
    tone: str
    action: Action
    detail: str | None = None
    shortcuts: tuple[Action, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A payment that did not go through: what happened, what it means, the one thing to do."""

    heading: str
    text: str
    action: Action
    tone: str = "danger"
    pay: Action | None = None


NOTHING_MORE = " There is nothing more to pay."
SEE_PLANS = Action("See plans", "pricing.index")
CHOOSE_PLAN = Action("Choose a plan", "pricing.index")
MANAGE_BILLING = Action("Manage billing", "account.portal", posts=True)
UPDATE_CARD = Action("Update card", "account.portal", posts=True, flow="payment_method_update")
ADD_CARD = Action("Add a way to pay", "account.portal", posts=True, flow="payment_method_update")
CHANGE_PLAN = Action("Change plan", "account.portal", posts=True, flow="subscription_update")
CANCEL_PLAN = Action("Cancel plan", "account.portal", posts=True, flow="subscription_cancel")
GO_TO_DASHBOARD = Action("Go to your dashboard", "dashboard.index")
TRY_AGAIN = Action("Try again", "account.index")
RUNNING_SHORTCUTS = (CHANGE_PLAN, UPDATE_CARD, CANCEL_PLAN)


def describe(
    subscription: DescribedSubscription | None,
    *,
    other_access: str | None = None,
    payment_url: str | None = None,
    is_sent: bool = False,
    is_stale: bool = False,
    has_free_plan: bool = True,
) -> Summary:
    """Tell how things stand.

    `other_access` is a sentence about what was bought once or given; `payment_url` leads to the open invoice, which
    `is_sent` by mail, or charged to a card.
    """
    if subscription is None or (subscription.has_ended and other_access):
        current = _describe_free(other_access, has_free_plan)
    else:
        current = _describe_current(subscription, other_access, payment_url, is_sent)
    if is_stale:
        sentence = "We can't reach Stripe just now, so this may be out of date."
        return Summary(State.UNKNOWN, sentence, "warn", TRY_AGAIN, f"When we last heard: {current.sentence}")
    return current


def describe_other_access(plan_name: str, *, is_gift: bool = False, until: datetime | None = None) -> str:
    """Tell of access that no subscription pays for: bought once, or given."""
    if is_gift:
        return f"You have {plan_name} as a gift{f', until {date(until)}' if until else ''}."
    return f"{plan_name} is yours for good.{NOTHING_MORE}"


def describe_problem(
    subscription: DescribedSubscription | None,
    payment: OpenPayment | None,
    *,
    access_until: datetime | None = None,
) -> Problem | None:
    """Tell what to do about the newest payment that failed or waits for the bank; None when all is well."""
    if subscription is None or payment is None or subscription.has_ended:
        return None
    if payment.hosted_invoice_url and payment.status in ("open", "overdue"):
        return _describe_sent_invoice(payment)
    if not subscription.needs_payment:
        return None
    name, paid = subscription.plan_name or "Your plan", subscription.paid_before
    staying = paid.plan_name if paid and not _counts_unpaid(subscription, paid) else name
    stays = f" {staying} stays on until {date(access_until)}." if access_until and subscription.grants_access else ""
    asked = money(payment.amount, payment.currency)
    if payment.status == "action_required":
        text = f"Confirm the payment of {asked} with your bank and all goes on as before.{stays}"
        return Problem("Your bank wants you to confirm a payment", text, _confirm(payment), "warn")
    again = f" We try again on {date(payment.next_attempt_at)}." if payment.next_attempt_at else ""
    # After the last try, a new card alone keeps nothing.
    way_out = "Update your card and all goes on." if again else f"Nothing is tried again: pay now to keep {name}."
    text = f"The payment of {asked} didn't go through.{again}{stays} {way_out}"
    return Problem("Please update your card", text, UPDATE_CARD, pay=_pay_now(payment))


def describe_card(card: CardOnFile | None, now: datetime) -> CardView | None:
    """Tell what pays; None where there is nothing on file."""
    if card is None or card.card_brand is None:
        return None
    name = card_name(card.card_brand, card.card_last4)
    month, year = card.card_exp_month, card.card_exp_year
    if month and year:
        is_over = (year, month) < (now.year, now.month)
        return CardView(name, f"{'Expired' if is_over else 'Valid until'} {month:02}/{year}")
    else:
        return CardView(name, None)


def describe_discount(subscription: DiscountedCharge | None) -> str | None:
    """Tell what the next charge is less for: "HALF takes $14.50 off."; None without a discount."""
    due = subscription.next_charge if subscription else None
    if subscription is None or due is None or not subscription.next_discount:
        return None
    names = subscription.next_discount_names or "A discount"
    return f"{names} takes {money(subscription.next_discount, due.currency)} off the next payment."


def describe_price(subscription: DescribedSubscription) -> str:
    """Write the recurring charge: "$19 a month"; empty when the price is not known."""
    if subscription.amount is None or not subscription.currency:
        return ""
    asked = money(subscription.amount, subscription.currency)
    return f"{asked} {rhythm(subscription.interval, subscription.interval_count)}" if subscription.interval else asked


def _describe_sent_invoice(payment: OpenPayment) -> Problem:
    """An invoice that came by mail: no card is charged for it."""
    is_late = payment.status == "overdue"
    stands = "is overdue" if is_late else "waits to be paid"
    text = f"The invoice of {money(payment.amount, payment.currency)} that we sent you {stands}."
    pay = Action("Pay the invoice", href=payment.hosted_invoice_url)
    return Problem("Please pay your invoice", text, pay, "danger" if is_late else "warn")


def _pay_now(payment: OpenPayment) -> Action | None:
    """The way to the open invoice, at Stripe: another card pays it at once."""
    url = payment.hosted_invoice_url
    return Action("Pay now", href=url) if url else None


def _confirm(payment: OpenPayment) -> Action:
    url = payment.hosted_invoice_url
    return Action("Confirm payment", "account.portal", posts=url is None, href=url)


def _describe_current(
    subscription: DescribedSubscription, other_access: str | None, payment_url: str | None, is_sent: bool
) -> Summary:
    if subscription.has_ended:
        return _describe_ended(subscription)
    if subscription.status == "incomplete":
        finish = Action("Finish payment", "account.portal", posts=payment_url is None, href=payment_url)
        return Summary(State.INCOMPLETE, "Your first payment needs one more step.", "warn", finish)
    if subscription.needs_payment or subscription.status == "paused":
        return _describe_unpaid(subscription, payment_url if is_sent else None)
    if subscription.is_canceling:
        return _describe_canceling(subscription, other_access)
    return _describe_running(subscription, other_access)


def _describe_free(other_access: str | None, has_free_plan: bool) -> Summary:
    if other_access:
        return Summary(State.NONE, other_access, "accent", GO_TO_DASHBOARD)
    else:
        sentence = "You're on the free plan." if has_free_plan else "You have no plan yet."
        return Summary(State.NONE, sentence, "plain", SEE_PLANS)


def _describe_ended(subscription: DescribedSubscription) -> Summary:
    when = f" ended on {date(subscription.ended_at)}" if subscription.ended_at else " has ended"
    name = f"{subscription.plan_name} " if subscription.plan_name else ""
    return Summary(State.ENDED, f"Your {name}subscription{when}.", "plain", CHOOSE_PLAN)


def _describe_unpaid(subscription: DescribedSubscription, sent_invoice: str | None) -> Summary:
    name, paid = subscription.plan_name or "Your plan", subscription.paid_before
    if paid and (name, subscription.seats) != (paid.plan_name, paid.seats):
        return _describe_unpaid_change(subscription, paid)
    if subscription.grants_access and sent_invoice:
        # Nobody charges it to a card, so nothing is tried again.
        pay = Action("Pay the invoice", href=sent_invoice)
        return Summary(State.PAST_DUE, f"Your invoice is overdue. {name} stays on for now.", "danger", pay)
    if subscription.grants_access:
        # True because `grants_access` keeps the role for PAST_DUE_GRACE_DAYS: change both together.
        sentence = f"Your last payment didn't go through. {name} stays on while we retry."
        return Summary(State.PAST_DUE, sentence, "danger", UPDATE_CARD, shortcuts=(CANCEL_PLAN,))
    if subscription.status == "paused":
        # Its trial ended with no way to pay: nothing is asked for, so no payment can go through.
        sentence = f"Your trial has ended, and {name} is paused until you add a way to pay."
        return Summary(State.UNPAID, sentence, "danger", ADD_CARD, shortcuts=(CANCEL_PLAN,))
    sentence = f"{name} is paused until a payment goes through."
    return Summary(State.UNPAID, sentence, "danger", UPDATE_CARD, shortcuts=(CANCEL_PLAN,))


def _describe_unpaid_change(subscription: DescribedSubscription, paid: PaidBefore) -> Summary:
    """A change of plan or seats that is not paid: what there is, and what is not paid."""
    wanted = _with_seats(subscription.plan_name or "another plan", subscription.seats)
    stands = _with_seats(paid.plan_name, paid.seats)
    if _counts_unpaid(subscription, paid):
        sentence = f"Your change to {wanted} is not paid yet. It stays on while we retry; {stands} is paid"
    else:
        sentence = f"You're on {stands}: your change to {wanted} is not paid. What you have is paid"
    return Summary(
        State.PAST_DUE, f"{sentence} until {date(paid.until)}.", "danger", UPDATE_CARD, shortcuts=(CANCEL_PLAN,)
    )


def _counts_unpaid(subscription: DescribedSubscription, paid: PaidBefore) -> bool:
    """Whether what is not paid yet gives more than what is, and is still given."""
    return subscription.is_in_grace and paid.is_less


def _with_seats(name: str, count: int | None) -> str:
    return f"{name} with {seats(count)}" if count else name


def _describe_canceling(subscription: DescribedSubscription, other_access: str | None) -> Summary:
    name = subscription.plan_name or "Your plan"
    until = subscription.cancel_at or subscription.current_period_end
    stays = f"{name} stays on until {date(until)}." if until else f"{name} is set to end."
    # The portal's own page is where a cancellation is taken back; Stripe has no flow for it.
    keep = Action(f"Keep {subscription.plan_name or 'plan'}", "account.portal", posts=True)
    if other_access:
        # What was bought for good, or given, goes on when the subscription is over.
        ends = f" on {date(until)}" if until else ""
        detail = f"Your {name} subscription ends{ends}. {_last_charges(subscription)}"
        return Summary(State.CANCELING, other_access, "accent", MANAGE_BILLING, detail, (UPDATE_CARD,))
    sentence = f"{stays} {_last_charges(subscription)}"
    return Summary(State.CANCELING, sentence, "warn", keep, shortcuts=(UPDATE_CARD,))


def _last_charges(subscription: DescribedSubscription) -> str:
    """What is still charged before the end that is set."""
    renews_at = subscription.current_period_end
    if not subscription.is_charged_again or renews_at is None:
        again = "" if subscription.status == "trialing" else " again"
        return f"You won't be charged{again}."
    elif subscription.skips_next_charge:
        return _renews(subscription).lstrip()
    due = subscription.next_charge
    asked = money(due.amount, due.currency) if due else describe_price(subscription)
    return f"Until then it renews: on {date(renews_at)}{f', for {asked}' if asked else ''}."


def _describe_running(subscription: DescribedSubscription, other_access: str | None) -> Summary:
    # The subscription beside it is still charged.
    other_access = other_access and other_access.removesuffix(NOTHING_MORE)
    count = seats(subscription.seats) if subscription.seats else ""
    if subscription.status == "trialing" and subscription.trial_end:
        name = f"{subscription.plan_name} " if subscription.plan_name else ""
        sentence = f"Your {name}trial ends on {date(subscription.trial_end)}.{_after_trial(subscription, count)}"
        return Summary(State.TRIALING, sentence, "accent", MANAGE_BILLING, other_access, RUNNING_SHORTCUTS)
    plan = f"You're on {subscription.plan_name}" if subscription.plan_name else "You have a subscription"
    price = "" if _is_due_otherwise(subscription) else describe_price(subscription)
    sentence = f"{', '.join(filter(None, [plan, count, price]))}.{_renews(subscription)}"
    return Summary(State.ACTIVE, sentence, "plain", MANAGE_BILLING, other_access, RUNNING_SHORTCUTS)


def _renews(subscription: DescribedSubscription) -> str:
    """When it renews, and for how much where that is not its price."""
    if subscription.skips_next_charge:
        resumes_at = subscription.collection_resumes_at
        return f" Payments are paused{f' until {date(resumes_at)}' if resumes_at else ''}, so nothing is charged."
    elif subscription.current_period_end is None:
        return ""
    else:
        when, becomes = date(subscription.current_period_end), _becomes(subscription)
        if due := _due_before(subscription, subscription.current_period_end):
            return f" {money(due.amount, due.currency)} is due on {date(due.at or when)}, and it renews on {when}."
        how = f"On {when} it becomes {becomes}" if becomes else f"It renews on {when}"
        return f" {how}{_for_how_much(subscription)}."


def _due_before(subscription: DescribedSubscription, renews_at: datetime) -> DueAmount | None:
    """What is due before the plan renews: something beside it is charged more often."""
    due = subscription.next_charge
    return due if due and due.at and due.at.date() < renews_at.date() else None


def _becomes(subscription: DescribedSubscription) -> str:
    """What is planned to take the place of this plan, or of so many seats; empty without such a change."""
    due = subscription.next_charge
    if due is None or not (due.plan_name or due.seats):
        return ""
    elif due.plan_name:
        return _with_seats(due.plan_name, due.seats)
    else:
        return seats(due.seats or 1)


def _after_trial(subscription: DescribedSubscription, count: str) -> str:
    if subscription.skips_next_charge:
        return _renews(subscription)
    elif becomes := _becomes(subscription):
        return f" Then it becomes {becomes}{_for_how_much(subscription)}."
    elif _is_due_otherwise(subscription):
        due = subscription.next_charge
        return f" Then {money(due.amount, due.currency)} is due." if due and due.amount else " Nothing is due then."
    price = describe_price(subscription)
    return f" Then {price}{f' for {count}' if count else ''}." if price else ""


def _for_how_much(subscription: DescribedSubscription) -> str:
    """What is due next, where that is not the price: a discount, a credit, a change that is planned."""
    due = subscription.next_charge
    if due is None or not _is_due_otherwise(subscription):
        return ""
    elif due.amount:
        return f", for {money(due.amount, due.currency)}"
    else:
        return ", and nothing is due then"


def _is_due_otherwise(subscription: DescribedSubscription) -> bool:
    due = subscription.next_charge
    return due is not None and (due.amount, due.currency) != (subscription.amount, subscription.currency)
