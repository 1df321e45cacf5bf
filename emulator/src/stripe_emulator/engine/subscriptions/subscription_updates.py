"""Updating a subscription: its settings, its end, its items, and the invoice a change brings."""

import copy

from stripe_emulator.api import errors
from stripe_emulator.engine.changes import record_change
from stripe_emulator.engine.currencies import price_in
from stripe_emulator.engine.invoices import lines
from stripe_emulator.engine.invoices.invoice_items import create_invoice_item
from stripe_emulator.engine.money import price_amount
from stripe_emulator.engine.prices import resolve_price
from stripe_emulator.engine.subscriptions import cancellation, trials
from stripe_emulator.engine.subscriptions.change_billing import apply_change, refuse_unpaid
from stripe_emulator.engine.subscriptions.ending import OVER
from stripe_emulator.engine.subscriptions.entitlements import sync_entitlements
from stripe_emulator.engine.subscriptions.item_changes import ItemChange, plan_change
from stripe_emulator.engine.subscriptions.subscription_items import once_period
from stripe_emulator.engine.subscriptions.subscription_settings import resolve_cancel_at, set_fields
from stripe_emulator.engine.subscriptions.subscription_timers import set_timers
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def update_subscription(tx: Transaction, subscription: Json, params: Json) -> Json:
    """Carry out an update; everything it changes is told in one event."""
    _check(subscription, params)
    before = copy.deepcopy(subscription)
    change = _planned_change(tx, subscription, params)
    set_fields(tx, subscription, params)
    _add_once(tx, subscription, params.get("add_invoice_items") or [])
    _set_end(tx, subscription, params)
    if change is not None:
        apply_change(tx, before, subscription, change, params.get("payment_behavior") or "allow_incomplete")
    else:
        record_change(tx, "customer.subscription.updated", before, subscription)
    if "trial_end" in params:
        trials.move_end(tx, subscription, params["trial_end"])
    subscription = tx.require("subscription", subscription["id"])
    if params.get("payment_behavior") == "error_if_incomplete" and before["status"] == "trialing":
        refuse_unpaid(tx, subscription)
    set_timers(tx, subscription)
    sync_entitlements(tx, subscription["customer"])
    return tx.require("subscription", subscription["id"])


def _check(subscription: Json, params: Json) -> None:
    if subscription["status"] in OVER:
        allowed = {"metadata", "cancellation_details", "expand"}
        if set(params) - allowed:
            raise errors.invalid_request(
                "A canceled subscription can only update its cancellation_details and metadata."
            )
    if params.get("cancel_at") not in (None, "") and params.get("cancel_at_period_end"):
        raise errors.invalid_request(
            "You may only specify one of these parameters: cancel_at, cancel_at_period_end.", "cancel_at"
        )


def _add_once(tx: Transaction, subscription: Json, entries: list[Json]) -> None:
    """Put what is sold once on the subscription's next invoice."""
    customer = tx.require("customer", subscription["customer"])
    for index, entry in enumerate(entries):
        price = price_in(tx, resolve_price(tx, entry, f"add_invoice_items[{index}]"), subscription["currency"])
        quantity = entry.get("quantity") or 1
        create_invoice_item(
            tx,
            customer,
            price_amount(tx, price, quantity),
            price["currency"],
            description=lines.product_name(tx, price),
            metadata=entry.get("metadata"),
            period=once_period(subscription),
            parent={"subscription_details": {"subscription": subscription["id"]}, "type": "subscription_details"},
            pricing=lines.pricing(price),
            quantity=quantity,
            quantity_decimal=str(quantity),
        )


def _planned_change(tx: Transaction, subscription: Json, params: Json) -> ItemChange | None:
    if not params.get("items") and not params.get("billing_cycle_anchor"):
        return None
    return plan_change(tx, subscription, params)


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
