"""A customer's saved payment methods, and the one that renewals use."""

from stripe_emulator.engine.payments.payment_methods import attach
from stripe_emulator.hosted.operations import call
from stripe_emulator.state.store import Json, Transaction

ONGOING = ("trialing", "active", "past_due", "unpaid", "paused", "incomplete")


def methods_of(tx: Transaction, customer: str) -> list[Json]:
    """Return the payment methods attached to a customer, newest first."""
    return tx.find("payment_method", customer=customer)


def default_method_of(tx: Transaction, customer: Json) -> str | None:
    """Return what the next renewal is paid with: a subscription's own method comes before the customer's."""
    subscriptions = tx.find("subscription", customer=customer["id"])
    own = [each["default_payment_method"] for each in subscriptions if each["status"] in ONGOING]
    chosen = (customer.get("invoice_settings") or {}).get("default_payment_method")
    return next(filter(None, own), chosen)


def use_method(tx: Transaction, customer: str, method: str) -> None:
    """Make a method the customer's default, also where a subscription holds on to an older one."""
    attach(tx, tx.require("payment_method", method), customer, check=False)
    settings = {"invoice_settings": {"default_payment_method": method}}
    call(tx, "POST", f"/v1/customers/{customer}", settings)
    for each in tx.find("subscription", customer=customer):
        if each["status"] in ONGOING and each["default_payment_method"] not in (None, method):
            call(tx, "POST", f"/v1/subscriptions/{each['id']}", {"default_payment_method": method})
