"""What a subscription has coming: renewal, the end it is set to, the notice before its trial ends."""

from stripe_emulator.engine import timers
from stripe_emulator.engine.settings import setting
from stripe_emulator.engine.subscriptions.subscription_items import period_end
from stripe_emulator.engine.subscriptions.trial_notices import announce_end, next_notice
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

RENEWING = ("trialing", "active", "past_due", "unpaid")


def set_timers(tx: Transaction, subscription: Json) -> None:
    """Set, or clear, every timer by the subscription's present state."""
    running = subscription["status"] in RENEWING
    ends = period_end(subscription)
    now = tx.now(subscription)
    _set(tx, subscription, "renew", ends if running else None)
    _set(tx, subscription, "cancel_subscription", subscription["cancel_at"] if running else None)
    pause = subscription["pause_collection"] or {}
    _set(tx, subscription, "resume_collection", pause.get("resumes_at"))
    _set_trial_notice(tx, subscription, now)
    notice = ends - setting(tx, "invoice_upcoming_seconds")
    canceling = subscription["cancel_at_period_end"] or (subscription["cancel_at"] or ends + 1) <= ends
    _set(tx, subscription, "invoice_upcoming", notice if running and notice > now and not canceling else None)
    if subscription["status"] == "incomplete":
        expires = subscription["created"] + setting(tx, "incomplete_expires_seconds")
        _set(tx, subscription, "expire_incomplete", expires)


def _set_trial_notice(tx: Transaction, subscription: Json, now: int) -> None:
    notice = next_notice(tx, subscription)
    if notice is not None and notice <= now:
        announce_end(tx, subscription)
        notice = None
    _set(tx, subscription, "trial_will_end", notice)


def _set(tx: Transaction, subscription: Json, action: str, at: int | None) -> None:
    if at is None:
        timers.clear_timer(tx, action, subscription["id"])
    else:
        timers.set_timer(tx, action, subscription["id"], at, subscription["test_clock"])
