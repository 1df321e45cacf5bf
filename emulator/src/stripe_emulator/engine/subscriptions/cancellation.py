"""Canceling: now, at a time, at the end of the period; and taking it back."""

from stripe_emulator.api import errors
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.invoices import billing
from stripe_emulator.engine.subscriptions import ending, proration
from stripe_emulator.engine.subscriptions.subscription_items import latest_period_end, period_end
from stripe_emulator.engine.subscriptions.subscription_timers import set_timers
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def cancel_now(
    tx: Transaction,
    subscription: Json,
    *,
    prorate: bool = False,
    invoice_now: bool = False,
    details: Json | None = None,
) -> Json:
    """Cancel at once; unused time is credited with `prorate`, and what is pending billed with `invoice_now`.

    With neither, prorations that were still to be billed are dropped, as Stripe's reference says.
    """
    if subscription["status"] in ending.OVER:
        raise errors.resource_missing("subscription", subscription["id"])
    if prorate:
        proration.store_prorations(tx, proration.credit_unused(tx, subscription, tx.now(subscription)))
    elif not invoice_now:
        proration.forget_pending(tx, subscription)
    last = billing.prepare_pending(tx, subscription) if invoice_now else None
    subscription.update(cancel_at=None, cancel_at_period_end=False)
    ended = ending.end_subscription(tx, subscription, details=details)
    if last is not None:
        billing.issue(tx, ended, last)
    return ended


def cancel_at_period_end(tx: Transaction, subscription: Json, details: Json | None = None) -> Json:
    """Set the subscription to end with its period as the customer portal does.

    A flexible subscription gets `cancel_at` alone; a classic one the `cancel_at_period_end` flag as well.
    """
    with changing(tx, "customer.subscription.updated", subscription):
        if subscription["billing_mode"]["type"] == "flexible":
            mark_cancel_at(tx, subscription, latest_period_end(subscription))
        else:
            mark_period_end(tx, subscription)
        note_details(subscription, details)
    set_timers(tx, subscription)
    return subscription


def resume(tx: Transaction, subscription: Json) -> Json:
    """Take a scheduled cancellation back, whichever way it was made."""
    with changing(tx, "customer.subscription.updated", subscription):
        clear_marks(subscription)
    set_timers(tx, subscription)
    return subscription


def mark_period_end(tx: Transaction, subscription: Json) -> None:
    """Set the flag, as the API parameter of that name does: of several periods, the earliest end counts."""
    subscription.update(cancel_at_period_end=True, cancel_at=period_end(subscription))
    _note_request(tx, subscription)


def mark_cancel_at(tx: Transaction, subscription: Json, at: int) -> None:
    """Set the subscription to end at a time."""
    subscription.update(cancel_at_period_end=False, cancel_at=at)
    _note_request(tx, subscription)


def clear_marks(subscription: Json) -> None:
    """Let the subscription run on."""
    subscription.update(cancel_at_period_end=False, cancel_at=None, canceled_at=None)
    subscription["cancellation_details"] = dict.fromkeys(("comment", "feedback", "feedback_option", "reason"))


def note_details(subscription: Json, details: Json | None) -> None:
    """Keep what the customer said; an empty value clears."""
    given = {key: value or None for key, value in (details or {}).items()}
    subscription["cancellation_details"] = {**subscription["cancellation_details"], **given}


def _note_request(tx: Transaction, subscription: Json) -> None:
    subscription["canceled_at"] = tx.now(subscription)
    subscription["cancellation_details"] = {
        **subscription["cancellation_details"],
        "reason": "cancellation_requested",
    }
