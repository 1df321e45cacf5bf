"""Updating a subscription: its settings, its end, its items, and the invoice a change brings."""

import copy

from stripe_emulator.api import errors
from stripe_emulator.api.metadata import merged
from stripe_emulator.documents import Json
from stripe_emulator.engine import (
    billing,
    cancellation,
    cards,
    discounts,
    outcomes,
    payment_methods,
    pending_updates,
    trials,
)
from stripe_emulator.engine.changes import changing, record_change
from stripe_emulator.engine.ending import OVER
from stripe_emulator.engine.entitlements import sync_entitlements
from stripe_emulator.engine.invoices import build_invoice
from stripe_emulator.engine.item_changes import ItemChange, plan_change
from stripe_emulator.engine.proration import store_prorations
from stripe_emulator.engine.subscription_items import tax_rates
from stripe_emulator.engine.subscription_timers import set_timers
from stripe_emulator.engine.subscriptions import payment_settings, resolve_cancel_at, trial_settings
from stripe_emulator.transaction import Transaction

COLLECTED = ("succeeded", "processing")


def update_subscription(tx: Transaction, subscription: Json, params: Json) -> Json:
    """Carry out an update; everything it changes is told in one event."""
    _check(subscription, params)
    before = copy.deepcopy(subscription)
    change = _planned_change(tx, subscription, params)
    _set_fields(tx, subscription, params)
    _set_end(tx, subscription, params)
    if change is not None:
        _change_items(tx, before, subscription, change, params)
    else:
        record_change(tx, "customer.subscription.updated", before, subscription)
    if "trial_end" in params:
        trials.move_end(tx, subscription, params["trial_end"])
    subscription = tx.require("subscription", subscription["id"])
    set_timers(tx, subscription)
    sync_entitlements(tx, subscription["customer"])
    return tx.require("subscription", subscription["id"])


def change_items(
    tx: Transaction, subscription: Json, items: list[Json], proration_behavior: str = "create_prorations"
) -> Json:
    """Go over to other prices or quantities, as the portal does."""
    params = {
        "items": items,
        "proration_behavior": proration_behavior,
        "payment_behavior": "error_if_incomplete",
    }
    return update_subscription(tx, subscription, params)


def _check(subscription: Json, params: Json) -> None:
    if subscription["status"] in OVER:
        allowed = {"metadata", "cancellation_details", "expand"}
        if set(params) - allowed:
            raise errors.invalid_request(
                "A canceled subscription can only update its cancellation_details and metadata.",
                code="resource_missing" if False else None,
            )
    if params.get("cancel_at") not in (None, "") and params.get("cancel_at_period_end"):
        raise errors.invalid_request(
            "You may only specify one of these parameters: cancel_at, cancel_at_period_end.", "cancel_at"
        )


def _planned_change(tx: Transaction, subscription: Json, params: Json) -> ItemChange | None:
    if not params.get("items") and not params.get("billing_cycle_anchor"):
        return None
    return plan_change(tx, subscription, params)


def _set_fields(tx: Transaction, subscription: Json, params: Json) -> None:
    if "metadata" in params:
        subscription["metadata"] = merged(subscription["metadata"], params["metadata"])
    for key in ("description", "collection_method", "days_until_due", "default_source"):
        if key in params:
            subscription[key] = params[key] or None
    if params.get("default_payment_method"):
        subscription["default_payment_method"] = _own_method(
            tx, subscription, params["default_payment_method"]
        )
    if "pause_collection" in params:
        given = params["pause_collection"]
        subscription["pause_collection"] = (
            {"behavior": given["behavior"], "resumes_at": given.get("resumes_at")} if given else None
        )
    if "payment_settings" in params:
        subscription["payment_settings"] = payment_settings(
            params["payment_settings"], subscription["payment_settings"]
        )
    if "trial_settings" in params:
        subscription["trial_settings"] = trial_settings(params["trial_settings"])
    if "discounts" in params:
        subscription["discounts"] = discounts.redeem_all(
            tx, params["discounts"], customer=subscription["customer"], subscription=subscription["id"]
        )
    if "default_tax_rates" in params:
        subscription["default_tax_rates"] = tax_rates(tx, params["default_tax_rates"], "default_tax_rates")
    if "automatic_tax" in params:
        enabled = params["automatic_tax"]["enabled"]
        subscription["automatic_tax"] = {
            "disabled_reason": None,
            "enabled": enabled,
            "liability": {"type": "self"} if enabled else None,
        }


def _set_end(tx: Transaction, subscription: Json, params: Json) -> None:
    if "cancel_at_period_end" in params:
        if params["cancel_at_period_end"]:
            cancellation.mark_period_end(tx, subscription)
        elif subscription["cancel_at_period_end"]:
            cancellation.clear_marks(subscription)
    if "cancel_at" in params:
        at = resolve_cancel_at(subscription, params["cancel_at"])
        if at is None:
            cancellation.clear_marks(subscription)
        elif at <= tx.now(subscription):
            raise errors.invalid_request("`cancel_at` must be in the future.", "cancel_at")
        else:
            cancellation.mark_cancel_at(tx, subscription, at)
    if "cancellation_details" in params:
        cancellation.note_details(subscription, params["cancellation_details"])


def _change_items(
    tx: Transaction, before: Json, subscription: Json, change: ItemChange, params: Json
) -> None:
    behavior = params.get("payment_behavior") or "allow_incomplete"
    refused = (
        _would_be_refused(tx, subscription, change)
        if behavior in ("error_if_incomplete", "pending_if_incomplete")
        else None
    )
    if refused and behavior == "error_if_incomplete":
        raise refused
    if refused:
        _hold(tx, before, subscription, change)
        return
    store_prorations(tx, change.prorations)
    subscription["items"]["data"] = change.items
    if change.restarts:
        subscription["billing_cycle_anchor"] = change.items[0]["current_period_start"]
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = max(item["current_period_end"] for item in change.items)
    record_change(tx, "customer.subscription.updated", before, subscription)
    if change.billed_now:
        _bill(tx, subscription, change, behavior)


def _bill(tx: Transaction, subscription: Json, change: ItemChange, behavior: str) -> None:
    collect = behavior != "default_incomplete"
    invoice, _ = billing.bill_now(
        tx, subscription, "subscription_update", change.invoice_lines(tx, subscription), collect=collect
    )
    if not collect and invoice["status"] == "open":
        current = tx.require("subscription", subscription["id"])
        with changing(tx, "customer.subscription.updated", current):
            current["status"] = "past_due"


def _would_be_refused(tx: Transaction, subscription: Json, change: ItemChange) -> errors.CardError | None:
    if not change.billed_now:
        return None
    customer = tx.require("customer", subscription["customer"])
    trial = build_invoice(
        tx,
        customer,
        subscription["currency"],
        "subscription_update",
        change.invoice_lines(tx, subscription),
        subscription=subscription,
    )
    method = payment_methods.default_for(tx, customer["id"], subscription)
    if trial["amount_due"] == 0 or subscription["collection_method"] == "send_invoice":
        return None
    if method is None:
        return errors.card_error("Cannot charge a customer that has no active card", "missing")
    outcome = outcomes.decide(tx, method)
    if outcome.status in COLLECTED:
        return None
    if outcome.status == "authenticate":
        message = "Payment for this subscription requires additional user action before it can be completed successfully."
        return errors.card_error(message, "subscription_payment_intent_requires_action")
    code, message = cards.decline_message(outcome.decline_code or "generic_decline")
    return errors.card_error(message, code, outcome.decline_code)


def _hold(tx: Transaction, before: Json, subscription: Json, change: ItemChange) -> None:
    """Leave the items as they are until the invoice for the change is paid."""
    record_change(tx, "customer.subscription.updated", before, subscription)
    store_prorations(tx, change.prorations)
    customer = tx.require("customer", subscription["customer"])
    invoice = build_invoice(
        tx,
        customer,
        subscription["currency"],
        "subscription_update",
        change.invoice_lines(tx, subscription),
        subscription=subscription,
        auto_advance=False,
    )
    pending_updates.hold(tx, subscription, change.items, invoice)
    billing.issue(tx, subscription, invoice)


def _own_method(tx: Transaction, subscription: Json, given: str) -> str:
    method = payment_methods.resolve(tx, given, "default_payment_method")
    if method["customer"] != subscription["customer"]:
        raise errors.invalid_request(
            f"The customer does not have a payment method with the ID {given}. The payment method must be attached to the customer.",
            "default_payment_method",
            "resource_missing",
        )
    return str(method["id"])
