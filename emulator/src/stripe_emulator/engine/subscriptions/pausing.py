"""Pausing and resuming subscriptions, and going over to flexible billing."""

from stripe_emulator.api import errors
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.invoices import billing, lines
from stripe_emulator.engine.payments import lifecycle
from stripe_emulator.engine.subscriptions import trials
from stripe_emulator.engine.subscriptions.entitlements import sync_entitlements
from stripe_emulator.engine.subscriptions.periods import next_boundary
from stripe_emulator.engine.subscriptions.proration import credit_unused, store_prorations
from stripe_emulator.engine.subscriptions.subscription_settings import billing_mode
from stripe_emulator.engine.subscriptions.subscription_timers import set_timers
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

PAUSABLE = ("active", "trialing", "past_due")


def pause_now(tx: Transaction, subscription: Json, params: Json) -> Json:
    """Pause the subscription at once; unused time is credited if `bill_for` asks for it."""
    if subscription["status"] not in PAUSABLE:
        raise errors.invalid_request(f"You cannot pause a subscription that is {subscription['status']}.")
    bill_for = params.get("bill_for") or {}
    if (bill_for.get("unused_time_from") or {}).get("type") == "now":
        store_prorations(tx, credit_unused(tx, subscription, tx.now(subscription)))
    trials.pause(tx, subscription, "pause_requested")
    return tx.require("subscription", subscription["id"])


def resume_paused(tx: Transaction, subscription: Json, params: Json) -> Json:
    """Start a paused subscription again, with a new period unless the old anchor is kept."""
    if subscription["status"] != "paused":
        raise errors.invalid_request(
            f"You can only resume a subscription that is paused; this one is {subscription['status']}."
        )
    anchor = params.get("billing_cycle_anchor")
    keeps = anchor == "unchanged" or (isinstance(anchor, dict) and anchor.get("type") == "unchanged")
    now = tx.now(subscription)
    if _needs_new_period(subscription, now, keeps):
        _resume_when_paid(tx, subscription, now, keeps)
    else:
        _resume_at_once(tx, subscription)
    sync_entitlements(tx, subscription["customer"])
    return tx.require("subscription", subscription["id"])


def migrate_to_flexible(tx: Transaction, subscription: Json, params: Json) -> Json:
    """Go over from classic to flexible billing."""
    if subscription["billing_mode"]["type"] == "flexible":
        raise errors.invalid_request(
            "This subscription already uses `billing_mode[type]=flexible`.", "billing_mode[type]"
        )
    with changing(tx, "customer.subscription.updated", subscription):
        subscription["billing_mode"] = billing_mode(params.get("billing_mode"), tx.now(subscription))
    return subscription


def _needs_new_period(subscription: Json, now: int, keeps_anchor: bool) -> bool:
    return not keeps_anchor or any(item["current_period_end"] <= now for item in subscription["items"]["data"])


def _resume_at_once(tx: Transaction, subscription: Json) -> None:
    with changing(tx, "customer.subscription.updated", subscription):
        subscription["status"] = "active"
        subscription.pop("status_details", None)
    tx.emit("customer.subscription.resumed", subscription)
    set_timers(tx, subscription)


def _resume_when_paid(tx: Transaction, subscription: Json, now: int, keeps_anchor: bool) -> None:
    """Bill a new period; the subscription runs again once that invoice is paid."""
    with changing(tx, "customer.subscription.updated", subscription):
        if not keeps_anchor:
            subscription["billing_cycle_anchor"] = now
        for item in subscription["items"]["data"]:
            boundary = next_boundary(subscription["billing_cycle_anchor"], now, item["price"]["recurring"])
            item.update(current_period_start=now, current_period_end=boundary)
        found = [lines.item_line(tx, subscription, item) for item in subscription["items"]["data"]]
        invoice = billing.prepare(tx, subscription, "subscription_update", found)
    hidden = tx.hidden("subscription", subscription["id"])
    tx.set_hidden("subscription", subscription["id"], {**hidden, "resumes_with": invoice["id"]})
    issued, _ = billing.issue(tx, subscription, invoice)
    if issued["amount_due"] == 0:
        lifecycle.invoice_paid(tx, issued)
