"""What a customer may change to: the configuration's prices, or the one change a session was made for."""

from dataclasses import dataclass

from stripe_emulator.engine.currencies import currencies_of, price_in
from stripe_emulator.hosted.money import format_amount, format_price
from stripe_emulator.hosted.portal.session import PortalSession
from stripe_emulator.hosted.portal.words import product_name
from stripe_emulator.state.store import Json, Transaction


@dataclass(frozen=True)
class Option:
    """One price the customer may choose, in the currency of their subscription."""

    price: Json
    name: str
    label: str
    current: bool
    adjustable: bool
    #: What a year of a yearly price costs less than twelve months of the monthly one.
    saving: str = ""


@dataclass(frozen=True)
class Change:
    """The items a subscription is to have, and the moment that proration counts from."""

    subscription: Json
    price: Json
    name: str
    quantity: int
    items: list[Json]
    discounts: list[Json]
    proration_date: int

    @property
    def label(self) -> str:
        """What the new plan costs."""
        return format_price(self.price, self.quantity)


def options_for(tx: Transaction, portal: PortalSession, subscription: Json) -> list[Option]:
    """Return the active prices of the configuration's products that can be paid in the subscription's currency.

    The cheapest is first within each product.
    """
    currency = subscription["currency"]
    current = subscription["items"]["data"][0]["price"]["id"]
    options = []
    for entry in _products(tx, portal, currency):
        adjustable = bool((entry.get("adjustable_quantity") or {}).get("enabled"))
        prices = filter(None, (tx.get("price", each) for each in entry["prices"]))
        sold = [each for each in prices if each["active"] and each["recurring"]]
        offered = [price_in(tx, each, currency) for each in sold if currency in currencies_of(tx, each)]
        for price in sorted(offered, key=lambda each: each["unit_amount"] or 0):
            name, label = product_name(tx, price), format_price(price)
            saving = saving_of(price, offered)
            options.append(Option(price, name, label, price["id"] == current, adjustable, saving))
    return options


def saving_of(price: Json, offered: list[Json]) -> str:
    """Say what a yearly price saves in a year beside the same product's monthly one; nothing for another price."""
    monthly = [each["unit_amount"] or 0 for each in offered if _rhythm(each) == ("month", 1)]
    saved = 12 * min(monthly, default=0) - (price["unit_amount"] or 0)
    return format_amount(saved, price["currency"]) if _rhythm(price) == ("year", 1) and saved > 0 else ""


def yearly_of(options: list[Option]) -> Option | None:
    """Return the yearly price of the product that is paid by the month now."""
    current = next((each for each in options if each.current), None)
    if current is None or _rhythm(current.price) != ("month", 1):
        return None
    product = current.price["product"]
    return next((each for each in options if each.saving and each.price["product"] == product), None)


def _rhythm(price: Json) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _products(tx: Transaction, portal: PortalSession, currency: str) -> list[Json]:
    """Return the products that are offered: those of the configuration; where the default one names none, all."""
    named: list[Json] = (portal.features.get("subscription_update") or {}).get("products") or []
    if named or not portal.configuration["is_default"]:
        return named
    sold: dict[str, list[str]] = {}
    for price in reversed(tx.find("price", active=True, type="recurring")):
        if currency in currencies_of(tx, price):
            sold.setdefault(price["product"], []).append(price["id"])
    return [{"product": product, "prices": prices} for product, prices in sold.items() if _is_active(tx, product)]


def _is_active(tx: Transaction, product_id: str) -> bool:
    return bool((tx.get("product", product_id) or {}).get("active"))


def to_price(
    tx: Transaction, portal: PortalSession, subscription: Json, price_id: str, quantity: int | None, date: int
) -> Change | None:
    """Return the change to an offered price, or None if it is not offered."""
    option = next((each for each in options_for(tx, portal, subscription) if each.price["id"] == price_id), None)
    if option is None:
        return None
    item = subscription["items"]["data"][0]
    count = quantity if quantity and option.adjustable else item.get("quantity") or 1
    items = [{"id": item["id"], "price": price_id, "quantity": count}]
    return Change(subscription, option.price, option.name, count, items, [], date)


def from_flow(tx: Transaction, subscription: Json, flow: Json, date: int) -> Change:
    """Return the change that a `subscription_update_confirm` session was made for."""
    wanted = flow["items"][0]
    held = {item["id"]: item for item in subscription["items"]["data"]}
    item = held.get(wanted.get("id"), subscription["items"]["data"][0])
    price = price_in(tx, tx.require("price", wanted.get("price") or item["price"]["id"]), subscription["currency"])
    quantity = wanted.get("quantity") or item.get("quantity") or 1
    items = [{"id": item["id"], "price": price["id"], "quantity": quantity}]
    discounts = [{key: value for key, value in each.items() if value} for each in flow.get("discounts") or []]
    return Change(subscription, price, product_name(tx, price), quantity, items, discounts, date)
