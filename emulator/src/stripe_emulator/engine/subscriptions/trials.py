"""Trials: their end, by itself or before its time, and moving it."""

import copy
from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.engine.changes import changing, record_change
from stripe_emulator.engine.invoices import billing, lines
from stripe_emulator.engine.invoices.invoice_building import pending_item_lines
from stripe_emulator.engine.payments import payment_methods
from stripe_emulator.engine.subscriptions import ending
from stripe_emulator.engine.subscriptions.entitlements import sync_entitlements
from stripe_emulator.engine.subscriptions.first_period import LONGEST_TRIAL
from stripe_emulator.engine.subscriptions.periods import next_boundary
from stripe_emulator.engine.subscriptions.subscription_items import follow_period_end
from stripe_emulator.engine.subscriptions.trial_notices import announce_end
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def stops_at_end(tx: Transaction, subscription: Json) -> bool:
    """Cancel or pause a trial that ends without a payment method, if its settings say so."""
    behavior = ((subscription["trial_settings"] or {}).get("end_behavior") or {}).get("missing_payment_method")
    missing = payment_methods.default_for(tx, subscription["customer"], subscription) is None
    if not missing or behavior not in ("cancel", "pause") or subscription["collection_method"] == "send_invoice":
        return False
    if behavior == "cancel":
        ending.end_subscription(tx, subscription, reason=None)
    else:
        pause(tx, subscription, "trial_end_without_payment_method")
    return True


def pause(tx: Transaction, subscription: Json, reason: str) -> None:
    """Pause the subscription: no invoices until it is resumed."""
    before = copy.deepcopy(subscription)
    ending.stop_timers(tx, subscription)
    details = {
        "subscription": {"type": reason},
        "transitioned_at": tx.now(subscription),
        "type": "subscription",
    }
    subscription.update(status="paused", status_details={"paused": details})
    record_change(tx, "customer.subscription.updated", before, subscription)
    tx.emit("customer.subscription.paused", subscription)
    sync_entitlements(tx, subscription["customer"])


def move_end(tx: Transaction, subscription: Json, given: Any) -> None:
    """End the trial now, or at another time, as the `trial_end` parameter of an update says."""
    now = tx.now(subscription)
    if given == "now":
        if subscription["status"] == "trialing":
            end_now(tx, subscription)
        return
    at = int(given)
    if at <= now:
        raise errors.invalid_request("`trial_end` must be in the future.", "trial_end")
    if at - now > LONGEST_TRIAL:
        raise errors.invalid_request("Trial periods can be at most 2 years long.", "trial_end")
    with changing(tx, "customer.subscription.updated", subscription):
        subscription.update(
            status="trialing",
            trial_start=subscription["trial_start"] or now,
            trial_end=at,
            billing_cycle_anchor=at,
        )
        for item in subscription["items"]["data"]:
            item["current_period_end"] = at
        follow_period_end(subscription)


def end_now(tx: Transaction, subscription: Json) -> None:
    """End the trial before its time: the first paid period starts and is billed at once."""
    announce_end(tx, subscription)
    if stops_at_end(tx, subscription):
        return
    now = tx.now(subscription)
    before = copy.deepcopy(subscription)
    subscription.update(status="active", trial_end=now, billing_cycle_anchor=now)
    for item in subscription["items"]["data"]:
        item["current_period_start"] = now
        item["current_period_end"] = next_boundary(now, now, item["price"]["recurring"])
    follow_period_end(subscription)
    found = pending_item_lines(tx, subscription["customer"], subscription["currency"], subscription["id"])
    found += [lines.item_line(tx, subscription, item) for item in subscription["items"]["data"]]
    invoice = billing.prepare(tx, subscription, "subscription_update", found)
    record_change(tx, "customer.subscription.updated", before, subscription)
    billing.issue(tx, subscription, invoice)
