"""Renewal: at the end of a period the next one begins and is billed."""

import copy

from stripe_emulator.engine.changes import changing, record_change
from stripe_emulator.engine.invoices import discounts, invoices, lines, preview
from stripe_emulator.engine.invoices.discount_ends import drop, drop_used
from stripe_emulator.engine.invoices.invoice_building import build_invoice, pending_item_lines
from stripe_emulator.engine.payments import charging, lifecycle
from stripe_emulator.engine.subscriptions import ending, trials
from stripe_emulator.engine.subscriptions.entitlements import sync_entitlements
from stripe_emulator.engine.subscriptions.periods import next_boundary
from stripe_emulator.engine.subscriptions.subscription_timers import RENEWING, set_timers
from stripe_emulator.engine.subscriptions.trial_notices import announce_end
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def renew(tx: Transaction, subscription: Json) -> None:
    """Begin the next period, or end what was set to end with this one."""
    now = tx.now(subscription)
    if subscription["status"] not in RENEWING:
        return
    if is_due_to_end(subscription, now):
        ending.end_subscription(tx, subscription, subscription["cancellation_details"]["reason"])
        return
    trial_ends = subscription["status"] == "trialing"
    if trial_ends:
        announce_end(tx, subscription)
        if trials.stops_at_end(tx, subscription):
            return
    _begin_period(tx, subscription, now, trial_ends)
    set_timers(tx, tx.require("subscription", subscription["id"]))
    sync_entitlements(tx, subscription["customer"])


def is_due_to_end(subscription: Json, now: int) -> bool:
    """Tell whether the subscription was set to end by now."""
    return bool(subscription["cancel_at"] and subscription["cancel_at"] <= now)


def end_at_time(tx: Transaction, subscription: Json) -> None:
    """End a subscription whose `cancel_at` has come."""
    if subscription["status"] in RENEWING and is_due_to_end(subscription, tx.now(subscription)):
        ending.end_subscription(tx, subscription, subscription["cancellation_details"]["reason"])


def announce_invoice(tx: Transaction, subscription: Json) -> None:
    """Emit `invoice.upcoming` some days before the renewal."""
    if subscription["status"] in RENEWING:
        with tx.undone():
            invoice = preview.upcoming_invoice(tx, subscription)
        tx.emit("invoice.upcoming", invoice)


def finalize_and_collect(tx: Transaction, invoice: Json) -> None:
    """Open a draft whose hour is over, and try to collect it."""
    if invoice["status"] != "draft":
        return
    invoices.finalize_invoice(tx, invoice, announce_update=True)
    pause = (invoices.subscription_of(tx, invoice) or {}).get("pause_collection") or {}
    if invoice["status"] == "open" and pause.get("behavior") == "mark_uncollectible":
        invoices.mark_uncollectible(tx, invoice)
    elif invoice["status"] == "open" and pause.get("behavior") == "void":
        invoices.void_invoice(tx, invoice)
    elif invoice["collection_method"] == "send_invoice":
        invoices.send_by_mail(tx, invoice)
    elif invoice["status"] == "open":
        charging.pay_invoice(tx, invoice, scheduled=True)


def retry(tx: Transaction, invoice: Json) -> None:
    """Try an open invoice again when its retry is due."""
    if invoice["status"] == "open" and invoice["auto_advance"]:
        charging.pay_invoice(tx, invoice, scheduled=True)


def _begin_period(tx: Transaction, subscription: Json, now: int, trial_ends: bool) -> None:
    before = copy.deepcopy(subscription)
    drop(tx, subscription, [each for each in subscription["discounts"] if discounts.is_over(tx, each, now)])
    period = {"period_start": before["items"]["data"][0]["current_period_start"], "period_end": now}
    renewed = _advance_items(subscription, now)
    customer = tx.require("customer", subscription["customer"])
    found = pending_item_lines(tx, customer["id"], subscription["currency"], subscription["id"])
    found += [lines.item_line(tx, subscription, item) for item in renewed]
    invoice = build_invoice(
        tx,
        customer,
        subscription["currency"],
        "subscription_cycle",
        found,
        subscription=subscription,
        **period,
    )
    drop_used(tx, subscription)
    subscription["latest_invoice"] = invoice["id"]
    if trial_ends:
        subscription["status"] = "active"
    record_change(tx, "customer.subscription.updated", before, subscription)
    keeps = (subscription["pause_collection"] or {}).get("behavior") == "keep_as_draft"
    if keeps or subscription["status"] == "unpaid":
        invoice["auto_advance"] = False
    invoices.store_draft(tx, invoice)


def _advance_items(subscription: Json, now: int) -> list[Json]:
    renewed = []
    for item in subscription["items"]["data"]:
        if item["current_period_end"] <= now:
            start = item["current_period_end"]
            item["current_period_start"] = start
            item["current_period_end"] = next_boundary(
                subscription["billing_cycle_anchor"], start, item["price"]["recurring"]
            )
            renewed.append(item)
    return renewed


def resume_collection(tx: Transaction, subscription: Json) -> None:
    """End a pause of collection whose time is over."""
    with changing(tx, "customer.subscription.updated", subscription):
        subscription["pause_collection"] = None


def become_overdue(tx: Transaction, invoice: Json) -> None:
    """Put the subscription past due when a sent invoice was not paid by its day."""
    if invoice["status"] == "open":
        tx.emit("invoice.overdue", invoice)
        lifecycle.invoice_unpaid(tx, invoice)
