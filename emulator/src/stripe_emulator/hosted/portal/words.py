"""A subscription as the portal tells it: one sentence, and what can be done."""

from dataclasses import dataclass

from stripe_emulator.engine.currencies import price_in
from stripe_emulator.hosted.money import format_amount, format_price
from stripe_emulator.hosted.templating import format_day
from stripe_emulator.state.store import Json, Transaction

OVER = ("canceled", "incomplete_expired")


@dataclass(frozen=True)
class Plan:
    """One subscription for display."""

    subscription: Json
    name: str
    price: str
    ends: int

    @property
    def id(self) -> str:
        """The subscription's id."""
        return str(self.subscription["id"])

    @property
    def is_canceling(self) -> bool:
        """Whether it is set to end."""
        return bool(self.subscription["cancel_at_period_end"] or self.subscription["cancel_at"])

    @property
    def is_changeable(self) -> bool:
        """Whether its plan can be changed as it stands."""
        return not self.is_canceling and str(self.subscription["status"]) in (
            "active",
            "trialing",
            "past_due",
        )

    @property
    def has_scheduled_change(self) -> bool:
        """Whether another plan follows when this period ends."""
        return self.subscription["schedule"] is not None

    @property
    def is_paused(self) -> bool:
        """Whether it waits to be resumed."""
        return self.subscription["status"] == "paused"

    @property
    def sentence(self) -> str:
        """How things stand, and what happens next."""
        status = self.subscription["status"]
        if self.is_canceling and status in ("active", "trialing", "past_due"):
            end = self.subscription["cancel_at"] or self.ends
            if end > self.ends:
                return (
                    f"{self.name} stays on until {format_day(end)}. It renews on {format_day(self.ends)}, {self.price}."
                )
            return f"{self.name} stays on until {format_day(end)}. You will not be charged again."
        if status == "trialing":
            return f"Your {self.name} trial ends on {format_day(self.subscription['trial_end'])}. Then {self.price}."
        return {
            "active": f"You are on {self.name}, {self.price}. It renews on {format_day(self.ends)}.",
            "past_due": f"The last payment for {self.name} did not go through. It will be tried again.",
            "unpaid": f"{self.name} is stopped until its invoice is paid.",
            "paused": f"{self.name} is paused. Nothing is charged until it is resumed.",
            "incomplete": f"The first payment for {self.name} needs one more step.",
        }.get(status, f"{self.name} ended on {format_day(self.subscription['ended_at'])}.")


def plans_of(tx: Transaction, customer: str) -> list[Plan]:
    """Return the customer's subscriptions that are not over."""
    found = tx.find("subscription", customer=customer)
    return [describe(tx, each) for each in found if each["status"] not in OVER]


def describe(tx: Transaction, subscription: Json) -> Plan:
    """Name a subscription's products and say what it costs."""
    items = subscription["items"]["data"]
    names = [product_name(tx, item["price"]) for item in items]
    prices = [price_in(tx, item["price"], subscription["currency"]) for item in items]
    total = sum(
        (price["unit_amount"] or 0) * (item.get("quantity") or 1) for price, item in zip(prices, items, strict=True)
    )
    price = format_price({**prices[0], "unit_amount": total}) if items else format_amount(0, None)
    return Plan(subscription, " and ".join(names), price, max(item["current_period_end"] for item in items))


def product_name(tx: Transaction, price: Json) -> str:
    """Return the name of a price's product."""
    product = price["product"]
    found = tx.get("product", product if isinstance(product, str) else product["id"])
    return str(found["name"]) if found else str(price["id"])
