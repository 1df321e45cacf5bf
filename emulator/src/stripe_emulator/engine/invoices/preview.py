"""Previews: the invoice that a renewal, or a change, would bring; nothing is stored."""

import copy

from stripe_emulator.engine.invoices import discounts, lines
from stripe_emulator.engine.invoices.invoice_building import build_invoice, pending_item_lines
from stripe_emulator.engine.subscriptions import schedule_progress
from stripe_emulator.engine.subscriptions.item_changes import ItemChange, apply_entries, plan_change
from stripe_emulator.engine.subscriptions.periods import next_boundary
from stripe_emulator.engine.subscriptions.proration import credit_unused
from stripe_emulator.engine.subscriptions.subscription_items import period_end
from stripe_emulator.engine.subscriptions.subscription_settings import set_fields
from stripe_emulator.spec import complete
from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.transaction import Transaction


def upcoming_invoice(tx: Transaction, subscription: Json, change: ItemChange | None = None) -> Json:
    """Return the invoice of the next renewal, with what is pending and what a change would add.

    A phase of a schedule that begins before, and is billed at once, has an invoice of its own. Call it where what it
    does is undone: a phase's discounts are redeemed.
    """
    found = [lines.invoice_item_line(item) for item in change.prorations] if change else []
    subscription = copy.deepcopy(subscription)
    if change:
        subscription["items"]["data"] = copy.deepcopy(change.items)
    for phase in [] if change else schedule_progress.phases_to_come(tx, subscription):
        params = schedule_progress.params_of(tx, subscription, phase)
        if phase["start_date"] == period_end(subscription):
            # The old period is used up: the renewal bills what is new, and nothing is prorated.
            subscription["items"]["data"] = apply_entries(tx, subscription, params["items"])
            _set_fields(tx, subscription, params, phase)
            break
        with tx.at(phase["start_date"]):
            step = plan_change(tx, subscription, params)
        subscription["items"]["data"] = step.items
        _set_fields(tx, subscription, params, phase)
        if step.billed_now:
            billed = step.invoice_lines(tx, subscription)
            return _preview(tx, subscription, billed, phase["start_date"], step.period_start)
        found += [lines.invoice_item_line(item) for item in step.prorations]
    return _renewal(tx, subscription, found)


def _set_fields(tx: Transaction, subscription: Json, params: Json, phase: Json) -> None:
    with tx.at(phase["start_date"]):
        set_fields(tx, subscription, params)


def _renewal(tx: Transaction, subscription: Json, found: list[Json]) -> Json:
    items = subscription["items"]["data"]
    boundary = period_end(subscription)
    start = min(item["current_period_start"] for item in items)
    found += pending_item_lines(tx, subscription["customer"], subscription["currency"], subscription["id"])
    for item in items:
        if item["current_period_end"] <= boundary:
            item["current_period_start"] = boundary
            anchor = subscription["billing_cycle_anchor"]
            item["current_period_end"] = next_boundary(anchor, boundary, item["price"]["recurring"])
            found.append(lines.item_line(tx, subscription, item))
    return _preview(tx, subscription, found, boundary, start)


def change_invoice(tx: Transaction, subscription: Json, params: Json) -> Json:
    """Return the invoice that a change of items would bring: at once, or with the next renewal."""
    change = plan_change(tx, subscription, params)
    if not change.billed_now:
        return upcoming_invoice(tx, subscription, change)
    now = tx.now(subscription)
    return _preview(tx, subscription, change.invoice_lines(tx, subscription), now, change.period_start)


def trial_end_invoice(tx: Transaction, subscription: Json) -> Json:
    """Return the invoice that ending the trial now would bring."""
    now = tx.now(subscription)
    found = []
    for item in copy.deepcopy(subscription["items"]["data"]):
        item["current_period_start"] = now
        item["current_period_end"] = next_boundary(now, now, item["price"]["recurring"])
        found.append(lines.item_line(tx, subscription, item))
    pending = pending_item_lines(tx, subscription["customer"], subscription["currency"], subscription["id"])
    return _preview(tx, subscription, pending + found, now, now)


def cancellation_invoice(tx: Transaction, subscription: Json, prorate: bool) -> Json:
    """Return the last invoice that canceling now would bring."""
    now = tx.now(subscription)
    credits = credit_unused(tx, subscription, now) if prorate else []
    found = [lines.invoice_item_line(item) for item in credits]
    found += pending_item_lines(tx, subscription["customer"], subscription["currency"], subscription["id"])
    return _preview(tx, subscription, found, now, now)


def _preview(tx: Transaction, subscription: Json, found: list[Json], end: int, start: int) -> Json:
    customer = tx.require("customer", subscription["customer"])
    subscription = {**subscription, "discounts": _lasting(tx, subscription["discounts"], end)}
    if customer.get("discount") and not _lasting(tx, [id_of(customer["discount"])], end):
        customer = {**customer, "discount": None}
    invoice = build_invoice(
        tx,
        customer,
        subscription["currency"],
        "upcoming",
        found,
        subscription=subscription,
        period_start=start,
        period_end=end,
        next_payment_attempt=end + 3600,
    )
    invoice["created"] = end
    invoice["ending_balance"] = invoice["starting_balance"] + invoice["total"] - invoice["amount_due"]
    return as_preview(invoice)


def _lasting(tx: Transaction, discount_ids: list[str], at: int) -> list[str]:
    return [each for each in discount_ids if not discounts.is_over(tx, each, at)]


def as_preview(invoice: Json) -> Json:
    """Give an invoice that is not stored an id that says so."""
    preview_id = f"upcoming_{invoice['id']}"
    for line in invoice["lines"]["data"]:
        line.update(id=f"il_tmp_{line['id'].removeprefix('il_')}", invoice=preview_id)
    invoice["lines"]["url"] = f"/v1/invoices/{preview_id}/lines"
    return complete({**invoice, "id": preview_id})
