"""How subscriptions end: at once, by failed payments, or because the first one never came."""

import copy

from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing, record_change
from stripe_emulator.engine.invoices import invoices
from stripe_emulator.engine.subscriptions.entitlements import sync_entitlements
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

OVER = ("canceled", "incomplete_expired")
TIMERS = (
    "renew",
    "cancel_subscription",
    "expire_incomplete",
    "trial_will_end",
    "invoice_upcoming",
    "resume_collection",
)


def end_subscription(
    tx: Transaction,
    subscription: Json,
    reason: str | None = "cancellation_requested",
    details: Json | None = None,
) -> Json:
    """Cancel the subscription now and emit `customer.subscription.deleted`."""
    now = tx.now(subscription)
    stop_timers(tx, subscription)
    was_incomplete = subscription["status"] == "incomplete"
    subscription.update(
        status="canceled",
        canceled_at=subscription["canceled_at"] or now,
        ended_at=now,
        cancellation_details={**subscription["cancellation_details"], "reason": reason, **(details or {})},
        pending_update=None,
        next_pending_invoice_item_invoice=None,
    )
    subscription.pop("status_details", None)
    tx.save(subscription)
    tx.emit("customer.subscription.deleted", subscription)
    _end_schedule(tx, subscription, "aborted" if reason == "payment_failed" else "canceled")
    _stop_collecting(tx, subscription, was_incomplete)
    sync_entitlements(tx, subscription["customer"])
    return subscription


def expire_incomplete(tx: Transaction, subscription: Json) -> None:
    """End a subscription whose first invoice was not paid in time, and void that invoice."""
    if subscription["status"] != "incomplete":
        return
    before = copy.deepcopy(subscription)
    stop_timers(tx, subscription)
    subscription.update(status="incomplete_expired", ended_at=tx.now(subscription))
    record_change(tx, "customer.subscription.updated", before, subscription)
    _end_schedule(tx, subscription, "aborted")
    for invoice in invoices.invoices_of(tx, subscription):
        if invoice["status"] == "open":
            invoices.void_invoice(tx, invoice)


def stop_timers(tx: Transaction, subscription: Json) -> None:
    """Have nothing more happen to the subscription by itself."""
    for action in TIMERS:
        timers.clear_timer(tx, action, subscription["id"])


def _end_schedule(tx: Transaction, subscription: Json, how: str) -> None:
    schedule = tx.get("subscription_schedule", subscription["schedule"] or "")
    if schedule is not None and schedule["status"] == "active":
        timers.clear_timer(tx, "advance_schedule", schedule["id"])
        timers.clear_timer(tx, "announce_schedule_end", schedule["id"])
        schedule.update(status="canceled", canceled_at=tx.now(subscription), current_phase=None)
        tx.save(schedule)
        tx.emit(f"subscription_schedule.{how}", schedule)


def _stop_collecting(tx: Transaction, subscription: Json, was_incomplete: bool) -> None:
    for invoice in invoices.invoices_of(tx, subscription):
        if invoice["status"] == "open" and was_incomplete:
            invoices.void_invoice(tx, invoice)
        elif invoice["status"] in ("open", "draft") and invoice["auto_advance"]:
            timers.clear_timer(tx, "retry_invoice", invoice["id"])
            timers.clear_timer(tx, "finalize_invoice", invoice["id"])
            with changing(tx, "invoice.updated", invoice):
                invoice.update(auto_advance=False, next_payment_attempt=None, automatically_finalizes_at=None)
