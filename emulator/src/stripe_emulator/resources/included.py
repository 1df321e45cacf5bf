"""Lists that an object shows only when they are asked for with `expand[]`."""

from stripe_emulator.api.expand import includable
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

_SHOWN = 10
_OVER = ("canceled", "incomplete_expired")


@includable("customer", "subscriptions")
def subscriptions(tx: Transaction, customer: Json) -> Json:
    """List the customer's subscriptions that are not over."""
    alive = [one for one in tx.find("subscription", customer=customer["id"]) if one["status"] not in _OVER]
    return sublist(alive, f"/v1/customers/{customer['id']}/subscriptions")


@includable("customer", "sources")
def sources(tx: Transaction, customer: Json) -> Json:
    """List the cards that were added the old way."""
    cards = tx.find("card", customer=customer["id"])
    return sublist(cards, f"/v1/customers/{customer['id']}/sources")


@includable("customer", "tax_ids")
def tax_ids(tx: Transaction, customer: Json) -> Json:
    """List the customer's tax ids."""
    return sublist(tx.find("tax_id", customer=customer["id"]), f"/v1/customers/{customer['id']}/tax_ids")


@includable("invoice", "payments")
def payments(tx: Transaction, invoice: Json) -> Json:
    """List what was paid, or is to be paid, for the invoice."""
    return sublist(tx.find("invoice_payment", invoice=invoice["id"]), "/v1/invoice_payments")


@includable("charge", "refunds")
def refunds(tx: Transaction, charge: Json) -> Json:
    """List the charge's refunds."""
    return sublist(tx.find("refund", charge=charge["id"]), f"/v1/charges/{charge['id']}/refunds")


def sublist(objects: list[Json], url: str) -> Json:
    """Return the list as it stands inside another object."""
    return {"object": "list", "data": objects[:_SHOWN], "has_more": len(objects) > _SHOWN, "url": url}
