"""Previews: the invoice that a renewal, or a change, would bring; nothing is stored."""

import copy

from stripe_emulator.engine.invoices import discounts, lines
from stripe_emulator.engine.invoices.invoice_building import build_invoice, pending_item_lines
from stripe_emulator.engine.subscriptions.item_changes import ItemChange, plan_change
from stripe_emulator.engine.subscriptions.periods import next_boundary
from stripe_emulator.engine.subscriptions.proration import credit_unused
from stripe_emulator.engine.subscriptions.schedule_progress import items_at
from stripe_emulator.engine.subscriptions.subscription_items import period_end
from stripe_emulator.spec import complete
from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.transaction import Transaction


def upcoming_invoice(tx: Transaction, subscription: Json, change: ItemChange | None = None) -> Json:
    """Return the invoice of the next renewal, with what is pending and what a change would add."""
    items = copy.deepcopy(change.items if change else subscription["items"]["data"])
    boundary = period_end({"items": {"data": items}})
    if change is None:
        items = items_at(tx, subscription, boundary)
    subscription = {**subscription, "discounts": _lasting(tx, subscription["discounts"], boundary)}
    start = min(item["current_period_start"] for item in items)
    found = [lines.invoice_item_line(item) for item in change.prorations] if change else []
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
