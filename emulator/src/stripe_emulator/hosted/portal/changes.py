"""A change of plan: what it costs, and how it is made."""

from dataclasses import dataclass

from stripe_emulator.engine.currencies import price_in
from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.portal.offers import Change
from stripe_emulator.hosted.portal.session import PortalSession
from stripe_emulator.hosted.subscriptions import release_schedule
from stripe_emulator.state.store import Json, Transaction

#: How early or late a shown amount may still be charged.
PREVIEW_SECONDS = 3600


@dataclass(frozen=True)
class Estimate:
    """What Stripe's invoice preview says of a change."""

    lines: list[Json]
    due: int
    #: What the customer's credit balance gains by the change; below zero, what of it is used.
    credited: int
    currency: str
    #: `now`, `later` (with the next invoice), `scheduled` (the plan itself changes later) or `none`.
    billed: str
    next_at: int


def estimate(tx: Transaction, portal: PortalSession, change: Change) -> Estimate:
    """Ask the invoice preview what the change costs."""
    now, later = tx.now(change.subscription), change.subscription["items"]["data"][0]["current_period_end"]
    if is_deferred(tx, portal, change):
        return Estimate([], 0, 0, change.price["currency"], "scheduled", later)
    behavior = _proration_behavior(portal)
    details: Json = {"items": change.items, "proration_behavior": behavior, **_cycle(portal, change)}
    if behavior != "none":
        details["proration_date"] = change.proration_date
    params: Json = {"subscription": change.subscription["id"], "subscription_details": details}
    if change.discounts:
        params["discounts"] = change.discounts
    preview = call(tx, "POST", "/v1/invoices/create_preview", params)
    billed = "now" if preview["created"] <= now else "later"
    credited = preview["starting_balance"] - preview["ending_balance"]
    return Estimate(
        preview["lines"]["data"], preview["amount_due"], credited, preview["currency"], billed, preview["period_end"]
    )


def apply(tx: Transaction, portal: PortalSession, change: Change, payment_behavior: str = "error_if_incomplete") -> str:
    """Make the change and return what to tell the customer."""
    subscription = change.subscription
    if is_deferred(tx, portal, change):
        _schedule(tx, change)
        return "scheduled"
    release_schedule(tx, subscription)
    behavior = _proration_behavior(portal)
    params: Json = {"items": change.items, "proration_behavior": behavior, **_cycle(portal, change)}
    params["payment_behavior"] = payment_behavior
    if behavior != "none":
        params["proration_date"] = change.proration_date
    if change.discounts:
        params["discounts"] = change.discounts
    call(tx, "POST", f"/v1/subscriptions/{subscription['id']}", params)
    return "updated"


def is_deferred(tx: Transaction, portal: PortalSession, change: Change) -> bool:
    """Tell whether the configuration keeps a change of this kind until the period ends."""
    feature = portal.features.get("subscription_update") or {}
    kinds = {each["type"] for each in (feature.get("schedule_at_period_end") or {}).get("conditions") or []}
    item = change.subscription["items"]["data"][0]
    price = price_in(tx, item["price"], change.subscription["currency"])
    cheaper = _per_day(change.price, change.quantity) < _per_day(price, item.get("quantity") or 1)
    shorter = _days(change.price) < _days(item["price"])
    return ("decreasing_item_amount" in kinds and cheaper) or ("shortening_interval" in kinds and shorter)


def _schedule(tx: Transaction, change: Change) -> None:
    release_schedule(tx, change.subscription)
    schedule = call(tx, "POST", "/v1/subscription_schedules", {"from_subscription": change.subscription["id"]})
    current = schedule["phases"][0]
    items = [{"price": each["price"], "quantity": each.get("quantity") or 1} for each in current["items"]]
    discounts = [{"discount": each["discount"]} for each in current["discounts"]]
    today = {"items": items, "start_date": current["start_date"], "end_date": current["end_date"]}
    then = {"items": [{"price": change.price["id"], "quantity": change.quantity}]}
    phases = [{**phase, "discounts": discounts} for phase in (today, then)]
    call(
        tx,
        "POST",
        f"/v1/subscription_schedules/{schedule['id']}",
        {"phases": phases, "end_behavior": "release"},
    )


def _proration_behavior(portal: PortalSession) -> str:
    return str((portal.features.get("subscription_update") or {}).get("proration_behavior") or "create_prorations")


def _cycle(portal: PortalSession, change: Change) -> Json:
    """Return what the configuration makes of a trial that runs, or else of the billing cycle."""
    feature = portal.features.get("subscription_update") or {}
    if change.subscription["status"] == "trialing":
        settings: Json = {"trial_end": "now"} if feature.get("trial_update_behavior") == "end_trial" else {}
    else:
        settings = {"billing_cycle_anchor": "now"} if feature.get("billing_cycle_anchor") == "now" else {}
    return settings


def _per_day(price: Json, quantity: int) -> float:
    return float((price["unit_amount"] or 0) * quantity / _days(price))


def _days(price: Json) -> int:
    recurring = price["recurring"]
    return {"day": 1, "week": 7, "month": 30, "year": 365}[recurring["interval"]] * int(recurring["interval_count"])
