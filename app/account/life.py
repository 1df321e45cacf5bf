"""A subscription's lifeline: its payments, today, and the next charge or the last day."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.statuses import ASKED_FOR, PaymentStatus
from app.figures.lifeline import Kind, Lifeline, Mark, lifeline
from app.languages import gettext as _
from app.templating import date, day, money, short_day

# Half a year from today a day without its year could be another year's.
NEAR = timedelta(days=182)
DRAWN = (PaymentStatus.PAID.value, *(status.value for status in ASKED_FOR))


def life_of(subscription: Subscription | None, payments: Sequence[Payment], now: datetime) -> Lifeline | None:
    """The line of a subscription that runs, from its owner's payments (newest first); None without one."""
    if subscription is None or subscription.has_ended:
        return None
    own = [row for row in payments if row.stripe_subscription_id == subscription.stripe_subscription_id]
    drawn = [row for row in reversed(own) if row.status in DRAWN]
    # Stripe's clock may be a moment ahead of ours; what was charged is past all the same.
    today = max([now, *(row.created_at for row in drawn[-1:])])
    return lifeline([_mark(row, today) for row in drawn], today, _coming(subscription, today))


def _written(at: datetime, today: datetime) -> str:
    return short_day(at) if abs(at - today) < NEAR else day(at)


def _mark(payment: Payment, today: datetime) -> Mark:
    asked, on = money(payment.amount, payment.currency), date(payment.created_at)
    if payment.status != PaymentStatus.PAID:
        kind, words = Kind.FAILED, _("%(date)s: the payment of %(amount)s did not go through.", date=on, amount=asked)
    elif payment.amount and payment.amount_refunded >= payment.amount:
        kind, words = Kind.REFUNDED, _("%(date)s: %(amount)s, refunded.", date=on, amount=asked)
    else:
        kind, words = Kind.PAID, _("%(date)s: %(amount)s paid.", date=on, amount=asked)
    return Mark(payment.created_at, kind, asked, _written(payment.created_at, today), words)


def _coming(subscription: Subscription, today: datetime) -> Mark | None:
    """The next charge, or the last day where nothing is charged again."""
    ends_at, due = subscription.ends_at, subscription.next_charge
    if ends_at and not subscription.is_charged_again:
        words = _("%(date)s: the last day.", date=date(ends_at))
        return Mark(ends_at, Kind.END, _("Last day"), _written(ends_at, today), words)
    at = (due.at if due else None) or subscription.current_period_end
    is_waiting = subscription.needs_payment or subscription.is_paused
    if at is None or subscription.skips_next_charge or is_waiting:
        return None
    amount, currency = (due.amount, due.currency) if due else (subscription.amount, subscription.currency)
    asked = money(amount, currency) if amount is not None and currency else ""
    if asked:
        words = _("%(date)s: the next charge, %(amount)s.", date=date(at), amount=asked)
        return Mark(at, Kind.NEXT, _("Next"), f"{_written(at, today)}, {asked}", words)
    else:
        return Mark(at, Kind.NEXT, _("Next"), _written(at, today), _("%(date)s: the next charge.", date=date(at)))
