"""Discounts that end: used up, out of time, or taken away."""

from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.invoices import discounts
from stripe_emulator.engine.subscriptions.ending import OVER
from stripe_emulator.state.documents import Json, id_of
from stripe_emulator.state.transaction import Transaction


def end_discount(tx: Transaction, discount: Json) -> None:
    """Take a discount whose time is over from the subscription or the customer that has it."""
    subscription = tx.get("subscription", discount["subscription"] or "")
    if subscription is not None and subscription["status"] not in OVER:
        with changing(tx, "customer.subscription.updated", subscription):
            drop(tx, subscription, [discount["id"]])
    elif subscription is None:
        end_on_customer(tx, discount)


def end_on_customer(tx: Transaction, discount: Json) -> None:
    """Take the discount from its customer, if it is still theirs."""
    customer = tx.get("customer", discount["customer"] or "")
    if customer is not None and id_of(customer["discount"]) == discount["id"]:
        with changing(tx, "customer.updated", customer):
            customer["discount"] = None
        tx.emit("customer.discount.deleted", discount)


def drop(tx: Transaction, subscription: Json, discount_ids: list[str]) -> None:
    """Take discounts off the subscription, which the caller saves, and tell of each."""
    leaving = [each for each in subscription["discounts"] if each in discount_ids]
    subscription["discounts"] = [each for each in subscription["discounts"] if each not in discount_ids]
    for each in leaving:
        timers.clear_timer(tx, "end_discount", each)
        tx.emit("customer.discount.deleted", tx.require("discount", each))


def drop_used(tx: Transaction, subscription: Json) -> None:
    """Take off what was for one invoice only."""
    drop(tx, subscription, [each for each in subscription["discounts"] if discounts.lasts_once(tx, each)])
