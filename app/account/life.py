"""A subscription's lifeline: its payments, today, and the next charge or the last day."""

from collections.abc import Sequence
from datetime import datetime

from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.statuses import ASKED_FOR, PaymentStatus
from app.database import utcnow
from app.figures.lifeline import Kind, Lifeline, Mark, lifeline
from app.templating import date, money

DRAWN = (PaymentStatus.PAID.value, *(status.value for status in ASKED_FOR))


def life_of(subscription: Subscription | None, payments: Sequence[Payment]) -> Lifeline | None:
    """The line of a subscription that runs, from its owner's payments (newest first); None without one."""
    if subscription is None or subscription.has_ended:
        return None
    own = [row for row in payments if row.stripe_subscription_id == subscription.stripe_subscription_id]
    past = [_mark(row) for row in reversed(own) if row.status in DRAWN]
    # In development the emulator's clock may be ahead of ours; what was charged is past all the same.
    today = max([utcnow(), *(mark.at for mark in past[-1:])])
    return lifeline(past, today, _coming(subscription))


def _mark(payment: Payment) -> Mark:
    asked, day = money(payment.amount, payment.currency), date(payment.created_at)
    if payment.status != PaymentStatus.PAID:
        kind, words = Kind.FAILED, f"{day}: the payment of {asked} did not go through."
    elif payment.amount and payment.amount_refunded >= payment.amount:
        kind, words = Kind.REFUNDED, f"{day}: {asked}, refunded."
    else:
        kind, words = Kind.PAID, f"{day}: {asked} paid."
    return Mark(payment.created_at, kind, asked, _short_day(payment.created_at), words)


def _coming(subscription: Subscription) -> Mark | None:
    """The next charge, or the last day where nothing is charged again."""
    ends_at, due = subscription.ends_at, subscription.next_charge
    if ends_at and not subscription.is_charged_again:
        return Mark(ends_at, Kind.END, "Last day", _short_day(ends_at), f"{date(ends_at)}: the last day.")
    at = (due.at if due else None) or subscription.current_period_end
    if at is None or subscription.skips_next_charge or subscription.needs_payment:
        return None
    amount, currency = (due.amount, due.currency) if due else (subscription.amount, subscription.currency)
    asked = money(amount, currency) if amount is not None and currency else ""
    below = f"{_short_day(at)}{f', {asked}' if asked else ''}"
    return Mark(at, Kind.NEXT, "Next", below, f"{date(at)}: the next charge{f', {asked}' if asked else ''}.")


def _short_day(at: datetime) -> str:
    return f"{at.day} {at:%b}"
