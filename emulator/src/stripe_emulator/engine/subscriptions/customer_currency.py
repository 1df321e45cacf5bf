"""The one currency that a customer is billed in: Stripe refuses a subscription in a second one."""

from collections.abc import Iterator

from stripe_emulator.api import errors
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.currencies import currencies_of
from stripe_emulator.engine.invoices.discounts import coupon_of
from stripe_emulator.engine.subscriptions.ending import OVER
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def currency_to_keep(tx: Transaction, customer: Json | None, prices: list[Json], wanted: str | None) -> str | None:
    """Return the currency asked for, or else the one that the customer is billed in, if the prices have it."""
    bound = _bound_to(tx, customer["id"]) if customer and not wanted else None
    return bound if bound and all(bound in currencies_of(tx, price) for price in prices) else wanted


def check_customer_currency(tx: Transaction, customer: Json, currency: str) -> None:
    """Refuse a currency other than the one in which the customer is billed already."""
    bound = _bound_to(tx, customer["id"])
    if bound not in (None, currency):
        raise errors.invalid_request(
            "You cannot combine currencies on a single customer. This customer has an active subscription, "
            f"subscription schedule, discount, quote, or invoice item with currency {bound}"
        )


def set_customer_currency(tx: Transaction, customer_id: str, currency: str) -> None:
    """Have the customer billed in this currency from now on, as a new subscription does.

    The balance stays in the currency that it was given in, and is there again when the customer comes back to it.
    """
    customer = tx.require("customer", customer_id)
    hidden = tx.hidden("customer", customer_id)
    balances = {**(hidden.get("balances") or {}), customer["currency"]: customer["balance"]}
    with changing(tx, "customer.updated", customer):
        customer.update(currency=currency, balance=balances.pop(currency, 0))
    tx.set_hidden("customer", customer_id, {**hidden, "balances": balances})


def _bound_to(tx: Transaction, customer_id: str) -> str | None:
    return next(_billed(tx, customer_id), None)


def _billed(tx: Transaction, customer_id: str) -> Iterator[str]:
    for subscription in tx.find("subscription", customer=customer_id):
        if subscription["status"] not in OVER:
            yield str(subscription["currency"])
    for schedule in tx.find("subscription_schedule", customer=customer_id, status="not_started"):
        yield str(schedule["phases"][0]["currency"])
    for item in tx.find("invoiceitem", customer=customer_id, invoice=None):
        yield str(item["currency"])
    discount = tx.require("customer", customer_id).get("discount")
    if discount and coupon_of(tx, discount)["currency"]:
        yield str(coupon_of(tx, discount)["currency"])
