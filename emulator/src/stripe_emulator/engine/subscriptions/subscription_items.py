"""Subscription items: built from parameters, each with its own billing period."""

from stripe_emulator.api import errors
from stripe_emulator.engine.currencies import common_currency
from stripe_emulator.engine.invoices import discounts
from stripe_emulator.engine.prices import plan_of, resolve_price
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def build_item(tx: Transaction, subscription: Json, given: Json, param: str, period: tuple[int, int] = (0, 0)) -> Json:
    """Return a new item of the subscription; its period can be filled in later."""
    price = resolve_price(tx, given, param)
    if price["type"] != "recurring":
        raise errors.invalid_request(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            f"{param}[price]",
        )
    item_id = ids.new_id("subscription_item")
    tx.set_hidden("subscription_item", item_id, {"subscription": subscription["id"]})
    quantity = given.get("quantity")
    item: Json = {
        "id": item_id,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": tx.now({"customer": subscription["customer"]}),
        "current_period_end": period[1],
        "current_period_start": period[0],
        "current_trial": None,
        "discounts": discounts.redeem_all(
            tx, given.get("discounts"), customer=subscription["customer"], subscription_item=item_id
        ),
        "metadata": given.get("metadata") or {},
        "plan": plan_of(price),
        "price": price,
        "subscription": subscription["id"],
        "tax_rates": tax_rates(tx, given.get("tax_rates"), f"{param}[tax_rates]"),
    }
    if price["recurring"]["usage_type"] != "metered":
        item["quantity"] = 1 if quantity is None else quantity
    return item


def set_price(item: Json, price: Json) -> None:
    """Put another price on the item."""
    item["price"], item["plan"] = price, plan_of(price)


def check_items(tx: Transaction, items: list[Json], wanted: str | None = None) -> str:
    """Refuse items that cannot be billed together; return their currency, which is the wanted one if there is one."""
    if not items:
        raise errors.invalid_request("A subscription must have at least one active item.", "items")
    currency = common_currency(tx, [item["price"] for item in items], wanted)
    if currency is None:
        raise errors.invalid_request("All prices on a subscription must have the same `currency`.", "items")
    prices = [item["price"]["id"] for item in items]
    twice = next((price for price in prices if prices.count(price) > 1), None)
    if twice:
        holder = next(item["id"] for item in items if item["price"]["id"] == twice)
        raise errors.invalid_request(
            f"Cannot add multiple subscription items with the same plan: {twice} ({holder})", "items"
        )
    return currency


def tax_rates(tx: Transaction, given: list[str] | str | None, param: str) -> list[Json]:
    """Return the tax rates that a list of ids names."""
    found = []
    for index, rate_id in enumerate(given if isinstance(given, list) else []):
        rate = tx.get("tax_rate", rate_id)
        if rate is None:
            raise errors.invalid_request(f"No such tax rate: '{rate_id}'", f"{param}[{index}]", "resource_missing")
        found.append(rate)
    return found


def period_end(subscription: Json) -> int:
    """Return when the subscription next renews: the earliest end of its items' periods."""
    return int(min(item["current_period_end"] for item in subscription["items"]["data"]))


def once_period(subscription: Json) -> Json:
    """Return the period of what is sold once beside a subscription: from the latest start to the earliest end."""
    starts = [int(item["current_period_start"]) for item in subscription["items"]["data"]]
    return {"start": max(starts), "end": period_end(subscription)}


def follow_period_end(subscription: Json) -> None:
    """Keep `cancel_at` of a subscription that ends with its period at that end, wherever it has moved."""
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = period_end(subscription)


def latest_period_end(subscription: Json) -> int:
    """Return when all that is paid for has been used: the latest end of its items' periods."""
    return int(max(item["current_period_end"] for item in subscription["items"]["data"]))
