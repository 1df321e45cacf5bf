"""A subscription's lifeline: its payments, today, and the next charge or the last day."""

from collections.abc import Sequence
from datetime import datetime

from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.statuses import ASKED_FOR, PaymentStatus
from app.figures.lifeline import Kind, Lifeline, Mark, lifeline
from app.languages import gettext as _
from app.templating import date, money, short_day

DRAWN = (PaymentStatus.PAID.value, *(status.value for status in ASKED_FOR))


def life_of(subscription: Subscription | None, payments: Sequence[Payment], now: datetime) -> Lifeline | None:
    """The line of a subscription that runs, from its owner's payments (newest first); None without one."""
    if subscription is None or subscription.has_ended:
        return None
    own = [row for row in payments if row.stripe_subscription_id == subscription.stripe_subscription_id]
    past = [_mark(row) for row in reversed(own) if row.status in DRAWN]
    # Stripe's clock may be a moment ahead of ours; what was charged is past all the same.
    today = max([now, *(mark.at for mark in past[-1:])])
    return lifeline(past, today, _coming(subscription))


def _mark(payment: Payment) -> Mark:
    asked, day = money(payment.amount, payment.currency), date(payment.created_at)
    if payment.status != PaymentStatus.PAID:
        kind, words = Kind.FAILED, _("%(date)s: the payment of %(amount)s did not go through.", date=day, amount=asked)
    elif payment.amount and payment.amount_refunded >= payment.amount:
        kind, words = Kind.REFUNDED, _("%(date)s: %(amount)s, refunded.", date=day, amount=asked)
    else:
        kind, words = Kind.PAID, _("%(date)s: %(amount)s paid.", date=day, amount=asked)
    return Mark(payment.created_at, kind, asked, short_day(payment.created_at), words)


def _coming(subscription: Subscription) -> Mark | None:
    """The next charge, or the last day where nothing is charged again."""
    ends_at, due = subscription.ends_at, subscription.next_charge
    if ends_at and not subscription.is_charged_again:
        words = _("%(date)s: the last day.", date=date(ends_at))
        return Mark(
            ends_at, Kind.END, _("Last day"), short_day(ends_at), _("%(date)s: the last day.", date=date(ends_at))
        )
    at = (due.at if due else None) or subscription.current_period_end
    is_waiting = subscription.needs_payment or subscription.is_paused
    if at is None or subscription.skips_next_charge or is_waiting:
        return None
    amount, currency = (due.amount, due.currency) if due else (subscription.amount, subscription.currency)
    asked = money(amount, currency) if amount is not None and currency else ""
    if asked:
        words = _("%(date)s: the next charge, %(amount)s.", date=date(at), amount=asked)
        return Mark(at, Kind.NEXT, _("Next"), f"{short_day(at)}, {asked}", words)
    else:
        return Mark(at, Kind.NEXT, _("Next"), short_day(at), _("%(date)s: the next charge.", date=date(at)))
