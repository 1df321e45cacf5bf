"""Changes of a subscription's items: what they will be, what that costs, and when it is billed."""

import copy
from dataclasses import dataclass, field
from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.api.metadata import merged
from stripe_emulator.engine.currencies import price_in
from stripe_emulator.engine.invoices import lines
from stripe_emulator.engine.prices import resolve_price
from stripe_emulator.engine.subscriptions.periods import next_boundary, period_at
from stripe_emulator.engine.subscriptions.proration import credit_unused, prorate_changes
from stripe_emulator.engine.subscriptions.subscription_items import build_item, check_items, set_price, tax_rates
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


@dataclass
class ItemChange:
    """A planned change: the new items, the prorations, and what becomes of the billing cycle.

    It starts again now, or (`changes_interval`) goes on from the same anchor in longer or shorter steps.
    """

    items: list[Json]
    prorations: list[Json] = field(default_factory=list)
    restarts: bool = False
    changes_interval: bool = False
    always_invoice: bool = False

    @property
    def billed_now(self) -> bool:
        """Whether an invoice is made at once."""
        return self.restarts or ((self.always_invoice or self.changes_interval) and bool(self.prorations))

    @property
    def period_start(self) -> int:
        """Since when the items' current periods run once the change is made."""
        return min(int(item["current_period_start"]) for item in self.items)

    def invoice_lines(self, tx: Transaction, subscription: Json) -> list[Json]:
        """Return the lines of the invoice that is made at once."""
        found = [lines.invoice_item_line(item) for item in self.prorations]
        if self.restarts:
            found += [lines.item_line(tx, subscription, item) for item in self.items]
        return found


def plan_change(tx: Transaction, subscription: Json, params: Json) -> ItemChange:
    """Return what `items`, `billing_cycle_anchor` and `proration_…` of an update come to."""
    now = tx.now(subscription)
    items = apply_entries(tx, subscription, params.get("items") or [])
    behavior = params.get("proration_behavior") or "create_prorations"
    at = _proration_date(subscription, params, now)
    trialing = subscription["status"] == "trialing"
    other_interval = not trialing and _changes_interval(subscription, items)
    keeps_anchor = subscription["billing_mode"]["type"] == "flexible" and behavior != "none"
    restarts = not trialing and (
        _asks_for_now(params) or _starts_costing(tx, subscription, items) or (other_interval and not keeps_anchor)
    )
    if restarts:
        _restart(items, now)
    elif other_interval:
        _follow_anchor(subscription, items, now)
    change = ItemChange(items, [], restarts, other_interval, always_invoice=behavior == "always_invoice")
    if behavior != "none" and not trialing:
        change.prorations = (
            credit_unused(tx, subscription, at) if restarts else prorate_changes(tx, subscription, items, at)
        )
    return change


def apply_entries(tx: Transaction, subscription: Json, entries: list[Json]) -> list[Json]:
    """Return the subscription's items after the entries of an `items` parameter."""
    items = {item["id"]: copy.deepcopy(item) for item in subscription["items"]["data"]}
    reference = subscription["items"]["data"][0]
    period = reference["current_period_start"], reference["current_period_end"]
    for index, entry in enumerate(entries):
        param = f"items[{index}]"
        item_id = entry.get("id")
        if item_id and item_id not in items:
            raise errors.invalid_request(f"No such subscription item: '{item_id}'", f"{param}[id]", "resource_missing")
        if item_id and entry.get("deleted"):
            del items[item_id]
        elif item_id:
            _change_item(tx, items[item_id], entry, param)
        else:
            item = build_item(tx, subscription, entry, param, period)
            items[item["id"]] = item
    result = list(items.values())
    check_items(tx, result, subscription["currency"])
    return result


def _change_item(tx: Transaction, item: Json, entry: Json, param: str) -> None:
    if entry.get("price") or entry.get("plan") or entry.get("price_data"):
        same = entry.get("price") == item["price"]["id"]
        price = item["price"] if same else resolve_price(tx, entry, param)
        if price["type"] != "recurring":
            raise errors.invalid_request(
                "The price specified is set to `type=one_time` but this field only accepts prices with "
                "`type=recurring`.",
                f"{param}[price]",
            )
        set_price(item, price)
    if entry.get("quantity") is not None:
        item["quantity"] = entry["quantity"]
    if "metadata" in entry:
        item["metadata"] = merged(item["metadata"], entry["metadata"])
    if "tax_rates" in entry:
        item["tax_rates"] = tax_rates(tx, entry["tax_rates"], f"{param}[tax_rates]")


def _proration_date(subscription: Json, params: Json, now: int) -> int:
    given: Any = params.get("proration_date")
    if given is None:
        return now
    start = min(item["current_period_start"] for item in subscription["items"]["data"])
    end = max(item["current_period_end"] for item in subscription["items"]["data"])
    if not start <= int(given) <= end:
        raise errors.invalid_request("Cannot specify `proration_date` outside of the current period.", "proration_date")
    return int(given)


def _asks_for_now(params: Json) -> bool:
    anchor = params.get("billing_cycle_anchor")
    return anchor == "now" or (isinstance(anchor, dict) and anchor.get("type") == "now")


def _changes_interval(subscription: Json, items: list[Json]) -> bool:
    return _intervals(items) != _intervals(subscription["items"]["data"])


def _intervals(items: list[Json]) -> set[tuple[str, int]]:
    return {(item["price"]["recurring"]["interval"], item["price"]["recurring"]["interval_count"]) for item in items}


def _starts_costing(tx: Transaction, subscription: Json, items: list[Json]) -> bool:
    def is_free(item: Json) -> bool:
        return bool(price_in(tx, item["price"], subscription["currency"])["unit_amount"] == 0)

    return all(map(is_free, subscription["items"]["data"])) and not all(map(is_free, items))


def _restart(items: list[Json], now: int) -> None:
    for item in items:
        item["current_period_start"] = now
        item["current_period_end"] = next_boundary(now, now, item["price"]["recurring"])


def _follow_anchor(subscription: Json, items: list[Json], now: int) -> None:
    """Put items that have another interval than before into their period around now; the anchor stays.

    A flexible subscription does so: monthly to yearly costs the rest of the anchor's year, less the rest of the month.
    """
    before = {item["id"]: item for item in subscription["items"]["data"]}
    reference = subscription["items"]["data"][0]
    for item in items:
        if _intervals([item]) != _intervals([before.get(item["id"], reference)]):
            period = period_at(subscription["billing_cycle_anchor"], now, item["price"]["recurring"])
            item["current_period_start"], item["current_period_end"] = period
