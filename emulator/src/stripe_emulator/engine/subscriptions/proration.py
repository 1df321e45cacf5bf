"""Proration: credit for the unused part of what was paid, and the rest of the period at the new price."""

from dataclasses import dataclass
from fractions import Fraction

from stripe_emulator.engine.currencies import price_in
from stripe_emulator.engine.invoices import discounts, lines
from stripe_emulator.engine.money import price_amount, round_half_up
from stripe_emulator.engine.subscriptions.debits import latest_debit
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


@dataclass(frozen=True)
class Proration:
    """A moment inside a subscription's period, from which its items are billed anew."""

    tx: Transaction
    subscription: Json
    at: int

    def credit(self, item: Json) -> Json:
        """Return the invoice item that gives back the unused time of an item.

        A flexible subscription gives back of what was billed; a classic one goes by today's price and discounts.
        """
        description = f"Unused time on {self._counted(item)} after {lines.date_text(self.at)}"
        flexible = self.subscription["billing_mode"]["type"] == "flexible"
        debit = latest_debit(self.tx, self.subscription, item, self.at) if flexible else None
        amount = self._rest(debit.amount, debit.start, debit.end) if debit else self._share(item)
        credited = debit.credited_items if debit else None
        return self._invoice_item(item, -amount, description, item["current_period_end"], credited)

    def debit(self, item: Json) -> Json:
        """Return the invoice item that bills an item for the rest of its period."""
        description = f"Remaining time on {self._counted(item)} after {lines.date_text(self.at)}"
        return self._invoice_item(item, self._share(item), description, item["current_period_end"])

    def _counted(self, item: Json) -> str:
        price, quantity = item["price"], item.get("quantity", 1)
        return lines.product_name(self.tx, price) if quantity == 1 else lines.counted(self.tx, price, quantity)

    def _share(self, item: Json) -> int:
        price = price_in(self.tx, item["price"], self.subscription["currency"])
        full = price_amount(self.tx, price, item.get("quantity", 1))
        net = full * discounts.percent_off(self.tx, self.subscription["discounts"])
        return self._rest(net, item["current_period_start"], item["current_period_end"])

    def _rest(self, amount: Fraction | int, start: int, end: int) -> int:
        """Return the part of an amount for a stretch of time that is still to come."""
        return round_half_up(amount * Fraction(max(0, end - max(start, self.at)), max(1, end - start)))

    def _invoice_item(self, item: Json, amount: int, description: str, end: int, credited: Json | None = None) -> Json:
        subscription, quantity = self.subscription, item.get("quantity", 1)
        return {
            "id": ids.new_id("invoiceitem"),
            "object": "invoiceitem",
            "amount": amount,
            "currency": subscription["currency"],
            "customer": subscription["customer"],
            "date": self.at,
            "description": description,
            "discountable": False,
            "discounts": [],
            "invoice": None,
            "livemode": False,
            "metadata": dict(subscription["metadata"]),
            "net_amount": amount,
            "parent": {
                "subscription_details": {"subscription": subscription["id"], "subscription_item": item["id"]},
                "type": "subscription_details",
            },
            "period": {"start": self.at, "end": max(self.at, end)},
            "pricing": {**lines.pricing(item["price"]), "unit_amount_decimal": None},
            "proration": True,
            "proration_details": {"credited_items": credited, "discount_amounts": []},
            "quantity": quantity,
            "quantity_decimal": str(quantity),
            "tax_rates": [],
            "test_clock": subscription["test_clock"],
        }


def prorate_changes(tx: Transaction, subscription: Json, items: list[Json], at: int) -> list[Json]:
    """Return the invoice items for going over to `items` in the middle of the period."""
    proration = Proration(tx, subscription, at)
    new = {item["id"]: item for item in items}
    old = {item["id"]: item for item in subscription["items"]["data"]}
    found = []
    for item in old.values():
        after = new.get(item["id"])
        if after is None or differs(item, after):
            found.append(proration.credit(item))
        if after is not None and differs(item, after):
            found.append(proration.debit(after))
    found += [proration.debit(item) for item in items if item["id"] not in old]
    return found


def credit_unused(tx: Transaction, subscription: Json, at: int) -> list[Json]:
    """Return the invoice items that give back the unused time of every item."""
    proration = Proration(tx, subscription, at)
    return [proration.credit(item) for item in subscription["items"]["data"]]


def differs(before: Json, after: Json) -> bool:
    """Tell whether an item is billed differently."""
    return bool(before["price"]["id"] != after["price"]["id"] or before.get("quantity") != after.get("quantity"))


def store_prorations(tx: Transaction, prorations: list[Json]) -> None:
    """Store the invoice items and emit `invoiceitem.created` for each."""
    for item in prorations:
        tx.insert(item)
        tx.emit("invoiceitem.created", item)


def forget_pending(tx: Transaction, subscription: Json) -> None:
    """Delete the subscription's prorations that no invoice has taken yet."""
    for item in tx.find("invoiceitem", customer=subscription["customer"], invoice=None):
        details = (item["parent"] or {}).get("subscription_details") or {}
        if item["proration"] and details.get("subscription") == subscription["id"]:
            tx.delete("invoiceitem", item["id"])
            tx.emit("invoiceitem.deleted", item)
