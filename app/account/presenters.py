"""A subscription's state in words: one sentence, its tone, and the one thing to do next."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import url_for

from app.billing.models.payments import Payment
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import NextCharge, PaidBefore, Subscription
from app.languages import gettext as _
from app.languages import lazy_gettext as _l
from app.templating import date, for_seats, money, rhythm, seats, translated, with_seats
from app.words import card_name


@dataclass(frozen=True)
class CardView:
    """What pays, in words: "Visa ending in 4242", and "Valid until 12/2028"."""

    words: str
    expires: str | None


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


SEE_PLANS = Action(_l("See plans"), "pricing.index")
CHOOSE_PLAN = Action(_l("Choose a plan"), "pricing.index")
MANAGE_BILLING = Action(_l("Manage billing"), "account.portal", posts=True)
UPDATE_CARD = Action(_l("Update card"), "account.portal", posts=True, flow="payment_method_update")
ADD_CARD = Action(_l("Add a way to pay"), "account.portal", posts=True, flow="payment_method_update")
CHANGE_PLAN = Action(_l("Change plan"), "account.portal", posts=True, flow="subscription_update")
CANCEL_PLAN = Action(_l("Cancel plan"), "account.portal", posts=True, flow="subscription_cancel")
GO_TO_DASHBOARD = Action(_l("Go to your dashboard"), "dashboard.index")
TRY_AGAIN = Action(_l("Try again"), "account.index")
RUNNING_SHORTCUTS = (CHANGE_PLAN, UPDATE_CARD, CANCEL_PLAN)


def describe(
    subscription: Subscription | None,
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
        sentence = _("We can't reach Stripe just now, so this may be out of date.")
        heard = _("When we last heard: %(sentence)s", sentence=current.sentence)
        return Summary(State.UNKNOWN, sentence, "warn", TRY_AGAIN, heard)
    return current


def describe_other_access(plan_name: str, *, is_gift: bool = False, until: datetime | None = None) -> str:
    """Tell of access that no subscription pays for: bought once, or given."""
    name = translated(plan_name)
    if is_gift and until:
        return _("You have %(plan_name)s as a gift, until %(date)s.", plan_name=name, date=date(until))
    elif is_gift:
        return _("You have %(plan_name)s as a gift.", plan_name=name)
    else:
        return _("%(plan_name)s is yours for good.", plan_name=name) + _nothing_more()


def _nothing_more() -> str:
    return " " + _("There is nothing more to pay.")


def describe_problem(
    subscription: Subscription | None,
    payment: Payment | None,
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
    name, paid = _name(subscription), subscription.paid_before
    staying = translated(paid.plan_name) if paid and not _counts_unpaid(subscription, paid) else name
    stays = _stays_on(staying, access_until) if access_until and subscription.grants_access else ""
    asked = money(payment.amount, payment.currency)
    if payment.status == "action_required":
        text = _("Confirm the payment of %(amount)s with your bank and all goes on as before.", amount=asked)
        heading = _("Your bank wants you to confirm a payment")
        return Problem(heading, _sentences(text, stays), _confirm(payment), "warn")
    again = _("We try again on %(date)s.", date=date(payment.next_attempt_at)) if payment.next_attempt_at else ""
    # After the last try, a new card alone keeps nothing.
    way_out = (
        _("Update your card and all goes on.")
        if again
        else _("Nothing is tried again: pay now to keep %(plan_name)s.", plan_name=name)
    )
    text = _sentences(_("The payment of %(amount)s didn't go through.", amount=asked), again, stays, way_out)
    return Problem(_("Please update your card"), text, UPDATE_CARD, pay=_pay_now(payment))


def _sentences(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _name(subscription: Subscription) -> str:
    return translated(subscription.plan_name) or _("Your plan")


def _stays_on(name: str, until: datetime) -> str:
    return _("%(plan_name)s stays on until %(date)s.", plan_name=name, date=date(until))


def describe_card(card: StripeCustomer | None, now: datetime) -> CardView | None:
    """Tell what pays; None where there is nothing on file."""
    if card is None or card.card_brand is None:
        return None
    words = card_name(card.card_brand, card.card_last4)
    month, year = card.card_exp_month, card.card_exp_year
    if month and year:
        is_over, expiry = (year, month) < (now.year, now.month), f"{month:02}/{year}"
        expires = _("Expired %(month)s", month=expiry) if is_over else _("Valid until %(month)s", month=expiry)
        return CardView(words, expires)
    else:
        return CardView(words, None)


def describe_discount(subscription: Subscription | None) -> str | None:
    """Tell what the next charge is less for: "HALF takes $14.50 off."; None without a discount."""
    due = subscription.next_charge if subscription else None
    if subscription is None or due is None or not subscription.next_discount:
        return None
    names = subscription.next_discount_names or _("A discount")
    amount = money(subscription.next_discount, due.currency)
    return _("%(names)s takes %(amount)s off the next payment.", names=names, amount=amount)


def describe_price(subscription: Subscription) -> str:
    """Write the recurring charge: "$19 a month"; empty when the price is not known."""
    if subscription.amount is None or not subscription.currency:
        return ""
    asked = money(subscription.amount, subscription.currency)
    return f"{asked} {rhythm(subscription.interval, subscription.interval_count)}" if subscription.interval else asked


def _describe_sent_invoice(payment: Payment) -> Problem:
    """An invoice that came by mail: no card is charged for it."""
    asked, pay = money(payment.amount, payment.currency), Action(_("Pay the invoice"), href=payment.hosted_invoice_url)
    if payment.status == "overdue":
        text = _("The invoice of %(amount)s that we sent you is overdue.", amount=asked)
        return Problem(_("Please pay your invoice"), text, pay, "danger")
    else:
        text = _("The invoice of %(amount)s that we sent you waits to be paid.", amount=asked)
        return Problem(_("Please pay your invoice"), text, pay, "warn")


def _pay_now(payment: Payment) -> Action | None:
    """The way to the open invoice, at Stripe: another card pays it at once."""
    url = payment.hosted_invoice_url
    return Action(_("Pay now"), href=url) if url else None


def _confirm(payment: Payment) -> Action:
    url = payment.hosted_invoice_url
    return Action(_("Confirm payment"), "account.portal", posts=url is None, href=url)


def _describe_current(
    subscription: Subscription, other_access: str | None, payment_url: str | None, is_sent: bool
) -> Summary:
    if subscription.has_ended:
        return _describe_ended(subscription)
    if subscription.status == "incomplete":
        finish = Action(_("Finish payment"), "account.portal", posts=payment_url is None, href=payment_url)
        return Summary(State.INCOMPLETE, _("Your first payment needs one more step."), "warn", finish)
    if subscription.needs_payment or subscription.status == "paused":
        return _describe_unpaid(subscription, payment_url if is_sent else None)
    if subscription.is_canceling:
        return _describe_canceling(subscription, other_access)
    return _describe_running(subscription, other_access)


def _describe_free(other_access: str | None, has_free_plan: bool) -> Summary:
    if other_access:
        return Summary(State.NONE, other_access, "accent", GO_TO_DASHBOARD)
    else:
        sentence = _("You're on the free plan.") if has_free_plan else _("You have no plan yet.")
        return Summary(State.NONE, sentence, "plain", SEE_PLANS)


def _describe_ended(subscription: Subscription) -> Summary:
    name, when = translated(subscription.plan_name), date(subscription.ended_at) if subscription.ended_at else ""
    if name and when:
        sentence = _("Your %(plan_name)s subscription ended on %(date)s.", plan_name=name, date=when)
    elif name:
        sentence = _("Your %(plan_name)s subscription has ended.", plan_name=name)
    elif when:
        sentence = _("Your subscription ended on %(date)s.", date=when)
    else:
        sentence = _("Your subscription has ended.")
    return Summary(State.ENDED, sentence, "plain", CHOOSE_PLAN)


def _describe_unpaid(subscription: Subscription, sent_invoice: str | None) -> Summary:
    name, paid = _name(subscription), subscription.paid_before
    has_changed = (subscription.plan_name, subscription.seats) != (paid.plan_name, paid.seats) if paid else False
    if paid and has_changed:
        return _describe_unpaid_change(subscription, paid)
    if subscription.grants_access and sent_invoice:
        # Nobody charges it to a card, so nothing is tried again.
        pay = Action(_("Pay the invoice"), href=sent_invoice)
        sentence = _("Your invoice is overdue. %(plan_name)s stays on for now.", plan_name=name)
        return Summary(State.PAST_DUE, sentence, "danger", pay)
    if subscription.grants_access:
        # True because `grants_access` keeps the role for PAST_DUE_GRACE_DAYS: change both together.
        sentence = _("Your last payment didn't go through. %(plan_name)s stays on while we retry.", plan_name=name)
        return Summary(State.PAST_DUE, sentence, "danger", UPDATE_CARD, shortcuts=(CANCEL_PLAN,))
    if subscription.status == "paused":
        # Its trial ended with no way to pay: nothing is asked for, so no payment can go through.
        sentence = _("Your trial has ended, and %(plan_name)s is paused until you add a way to pay.", plan_name=name)
        return Summary(State.UNPAID, sentence, "danger", ADD_CARD, shortcuts=(CANCEL_PLAN,))
    sentence = _("%(plan_name)s is paused until a payment goes through.", plan_name=name)
    return Summary(State.UNPAID, sentence, "danger", UPDATE_CARD, shortcuts=(CANCEL_PLAN,))


def _describe_unpaid_change(subscription: Subscription, paid: PaidBefore) -> Summary:
    """A change of plan or seats that is not paid: what there is, and what is not paid."""
    values = {
        "wanted": _with_seats(translated(subscription.plan_name) or _("another plan"), subscription.seats),
        "paid": _with_seats(translated(paid.plan_name), paid.seats),
        "date": date(paid.until),
    }
    if _counts_unpaid(subscription, paid):
        sentence = _(
            "Your change to %(wanted)s is not paid yet. It stays on while we retry; %(paid)s is paid until %(date)s.",
            **values,
        )
    else:
        sentence = _(
            "You're on %(paid)s: your change to %(wanted)s is not paid. What you have is paid until %(date)s.", **values
        )
    return Summary(State.PAST_DUE, sentence, "danger", UPDATE_CARD, shortcuts=(CANCEL_PLAN,))


def _counts_unpaid(subscription: Subscription, paid: PaidBefore) -> bool:
    """Whether what is not paid yet gives more than what is, and is still given."""
    return subscription.is_in_grace and paid.is_less


def _with_seats(name: str, count: int | None) -> str:
    return with_seats(name, count) if count else name


def _describe_canceling(subscription: Subscription, other_access: str | None) -> Summary:
    name, last = _name(subscription), _last_charges(subscription)
    until = subscription.cancel_at or subscription.current_period_end
    # The portal's own page is where a cancellation is taken back; Stripe has no flow for it.
    keep = Action(
        _("Keep %(plan_name)s", plan_name=translated(subscription.plan_name) or _("plan")), "account.portal", True
    )
    if other_access:
        # What was bought for good, or given, goes on when the subscription is over.
        ends = (
            _("Your %(plan_name)s subscription ends on %(date)s.", plan_name=name, date=date(until))
            if until
            else _("Your %(plan_name)s subscription ends.", plan_name=name)
        )
        detail = _sentences(ends, last)
        return Summary(State.CANCELING, other_access, "accent", MANAGE_BILLING, detail, (UPDATE_CARD,))
    stays = _stays_on(name, until) if until else _("%(plan_name)s is set to end.", plan_name=name)
    return Summary(State.CANCELING, _sentences(stays, last), "warn", keep, shortcuts=(UPDATE_CARD,))


def _last_charges(subscription: Subscription) -> str:
    """What is still charged before the end that is set."""
    due = subscription.next_charge
    renews_at = (due.at if due else None) or subscription.current_period_end
    if not subscription.is_charged_again or renews_at is None:
        is_first = subscription.status == "trialing"
        return _("You won't be charged.") if is_first else _("You won't be charged again.")
    elif subscription.skips_next_charge:
        return _renews(subscription)
    asked = money(due.amount, due.currency) if due else describe_price(subscription)
    if asked:
        return _("Until then it renews: on %(date)s, for %(amount)s.", date=date(renews_at), amount=asked)
    else:
        return _("Until then it renews: on %(date)s.", date=date(renews_at))


def _describe_running(subscription: Subscription, other_access: str | None) -> Summary:
    # The subscription beside it is still charged.
    other_access = other_access and other_access.removesuffix(_nothing_more())
    if subscription.status == "trialing" and subscription.trial_end:
        sentence = _sentences(_trial_ends(subscription, date(subscription.trial_end)), _after_trial(subscription))
        return Summary(State.TRIALING, sentence, "accent", MANAGE_BILLING, other_access, RUNNING_SHORTCUTS)
    price = "" if _is_due_otherwise(subscription) else describe_price(subscription)
    count = seats(subscription.seats) if subscription.seats else ""
    have = ", ".join(filter(None, [translated(subscription.plan_name), count, price]))
    if subscription.plan_name:
        stands = _("You're on %(what)s.", what=have)
    else:
        stands = _("You have a subscription, %(what)s.", what=have) if have else _("You have a subscription.")
    sentence = _sentences(stands, _renews(subscription))
    return Summary(State.ACTIVE, sentence, "plain", MANAGE_BILLING, other_access, RUNNING_SHORTCUTS)


def _trial_ends(subscription: Subscription, when: str) -> str:
    if subscription.plan_name:
        return _("Your %(plan_name)s trial ends on %(date)s.", plan_name=translated(subscription.plan_name), date=when)
    else:
        return _("Your trial ends on %(date)s.", date=when)


def _renews(subscription: Subscription) -> str:
    """When it renews, and for how much where that is not its price."""
    if subscription.skips_next_charge:
        resumes_at = subscription.collection_resumes_at
        if resumes_at:
            return _("Payments are paused until %(date)s, so nothing is charged.", date=date(resumes_at))
        else:
            return _("Payments are paused, so nothing is charged.")
    elif subscription.current_period_end is None:
        return ""
    when, becomes = date(subscription.current_period_end), _becomes(subscription)
    if due := _due_before(subscription, subscription.current_period_end):
        asked, first = money(due.amount, due.currency), date(due.at) if due.at else when
        if not becomes:
            return _("%(amount)s is due on %(date)s, and it renews on %(then)s.", amount=asked, date=first, then=when)
        when = first
    amount = _due_otherwise(subscription)
    if becomes and amount:
        return _("On %(date)s it becomes %(what)s, for %(amount)s.", date=when, what=becomes, amount=amount)
    elif becomes and amount is None:
        return _("On %(date)s it becomes %(what)s.", date=when, what=becomes)
    elif becomes:
        return _("On %(date)s it becomes %(what)s, and nothing is due then.", date=when, what=becomes)
    elif amount:
        return _("It renews on %(date)s, for %(amount)s.", date=when, amount=amount)
    elif amount is None:
        return _("It renews on %(date)s.", date=when)
    else:
        return _("It renews on %(date)s, and nothing is due then.", date=when)


def _due_before(subscription: Subscription, renews_at: datetime) -> NextCharge | None:
    """What is due before the plan renews: something beside it is charged more often."""
    due = subscription.next_charge
    return due if due and due.at and due.at.date() < renews_at.date() else None


def _becomes(subscription: Subscription) -> str:
    """What is planned to take the place of this plan, or of so many seats; empty without such a change."""
    due = subscription.next_charge
    if due is None or not (due.plan_name or due.seats):
        return ""
    elif due.plan_name:
        return _with_seats(translated(due.plan_name), due.seats)
    else:
        return seats(due.seats or 1)


def _after_trial(subscription: Subscription) -> str:
    amount = _due_otherwise(subscription)
    if subscription.skips_next_charge:
        return _renews(subscription)
    elif becomes := _becomes(subscription):
        if amount:
            return _("Then it becomes %(what)s, for %(amount)s.", what=becomes, amount=amount)
        elif amount is None:
            return _("Then it becomes %(what)s.", what=becomes)
        else:
            return _("Then it becomes %(what)s, and nothing is due then.", what=becomes)
    elif amount is not None:
        return _("Then %(amount)s is due.", amount=amount) if amount else _("Nothing is due then.")
    price = describe_price(subscription)
    return (
        _("Then %(price)s.", price=for_seats(price, subscription.seats) if subscription.seats else price)
        if price
        else ""
    )


def _due_otherwise(subscription: Subscription) -> str | None:
    """What is due next, where that is not the price: a discount, a credit, a planned change; empty for nothing."""
    due = subscription.next_charge
    if due is None or not _is_due_otherwise(subscription):
        return None
    return money(due.amount, due.currency) if due.amount else ""


def _is_due_otherwise(subscription: Subscription) -> bool:
    due = subscription.next_charge
    return due is not None and (due.amount, due.currency) != (subscription.amount, subscription.currency)
