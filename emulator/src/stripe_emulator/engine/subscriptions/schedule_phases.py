"""Phases of a subscription schedule, as given and as Stripe shows them."""

from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.engine.currencies import common_currency
from stripe_emulator.engine.invoices import discounts
from stripe_emulator.engine.prices import resolve_price
from stripe_emulator.engine.subscriptions.periods import add_intervals
from stripe_emulator.engine.subscriptions.schedule_settings import phase_settings
from stripe_emulator.engine.subscriptions.subscription_items import latest_period_end
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def build_phases(tx: Transaction, given: list[Json], start: int, currency: str | None = None) -> list[Json]:
    """Return the phases one after the other, each beginning where the one before ends.

    `currency` is that of the subscription, where there is one.
    """
    if not given:
        raise errors.invalid_request("You must specify `phases`.", "phases", "parameter_missing")
    phases = []
    for index, entry in enumerate(given):
        if isinstance(entry.get("start_date"), int):
            start = entry["start_date"]
        phase = _build(tx, {"currency": currency, **entry}, start, f"phases[{index}]")
        if phase["end_date"] <= start:
            raise errors.invalid_request("A phase must end after it starts.", f"phases[{index}][end_date]")
        phases.append(phase)
        start = phase["end_date"]
    return phases


def phase_of_subscription(subscription: Json) -> Json:
    """Return the phase that a subscription is in by itself: its current period."""
    items = subscription["items"]["data"]
    start = min(item["current_period_start"] for item in items)
    shown = [_item(item["price"], item.get("quantity"), item["metadata"]) for item in items]
    phase = _phase(subscription["currency"], shown, start, latest_period_end(subscription))
    phase["discounts"] = [
        {"coupon": None, "discount": one, "promotion_code": None} for one in subscription["discounts"]
    ]
    if subscription["status"] == "trialing":
        phase["trial_end"] = subscription["trial_end"]
    return phase


def _build(tx: Transaction, entry: Json, start: int, param: str) -> Json:
    items, prices = [], []
    for index, given in enumerate(entry.get("items") or entry.get("plans") or []):
        price = resolve_price(tx, given, f"{param}[items][{index}]")
        quantity = given.get("quantity")
        items.append(_item(price, 1 if quantity is None else quantity, given.get("metadata") or {}))
        prices.append(price)
    if not items:
        raise errors.invalid_request(f"You must specify `{param}[items]`.", f"{param}[items]", "parameter_missing")
    end = _end(entry, start, prices[0]["recurring"])
    phase = _phase(common_currency(tx, prices, entry.get("currency")) or prices[0]["currency"], items, start, end)
    phase["metadata"] = entry.get("metadata") or {}
    phase["proration_behavior"] = entry.get("proration_behavior") or "create_prorations"
    phase |= phase_settings(entry)
    for index, discount in enumerate(phase["discounts"]):
        discounts.check(tx, discount, phase["currency"], f"{param}[discounts][{index}]")
    if isinstance(entry.get("trial_end"), int):
        phase["trial_end"] = entry["trial_end"]
    elif entry.get("trial"):
        phase["trial_end"] = end
    return phase


def _end(entry: Json, start: int, recurring: Json) -> int:
    end: Any = entry.get("end_date")
    if isinstance(end, int):
        return end
    if entry.get("duration"):
        duration = {
            "interval": entry["duration"]["interval"],
            "interval_count": entry["duration"].get("interval_count") or 1,
        }
        return add_intervals(start, duration)
    return add_intervals(start, recurring, int(entry.get("iterations") or 1))


def _item(price: Json, quantity: int | None, metadata: Json) -> Json:
    item: Json = {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": metadata,
        "plan": price["id"],
        "price": price["id"],
        "tax_rates": [],
    }
    if quantity is not None:
        item["quantity"] = quantity
    return item


def _phase(currency: str, items: list[Json], start: int, end: int) -> Json:
    return {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "billing_cycle_anchor": None,
        "billing_thresholds": None,
        "collection_method": None,
        "currency": currency,
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "end_date": end,
        "invoice_settings": None,
        "items": items,
        "metadata": {},
        "on_behalf_of": None,
        "proration_behavior": "create_prorations",
        "start_date": start,
        "transfer_data": None,
        "trial_end": None,
    }
