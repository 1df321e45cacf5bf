"""Fields that an object shows only when they are asked for with `expand[]`."""

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


@includable("customer", "invoice_credit_balance")
def invoice_credit_balance(tx: Transaction, customer: Json) -> Json:
    """Show the balance by currency; one that is even is not shown."""
    others: Json = tx.hidden("customer", customer["id"]).get("balances") or {}
    balances = {**others, customer.get("currency") or "usd": customer.get("balance") or 0}
    return {currency: balance for currency, balance in balances.items() if balance}


@includable("customer", "tax")
def tax(tx: Transaction, customer: Json) -> Json:
    """Show what Stripe Tax makes of where the customer is; the business is registered nowhere."""
    address = customer.get("address") or {}
    country = address.get("country")
    place = {"country": country, "source": "billing_address", "state": address.get("state")} if country else None
    status = "not_collecting" if country else "unrecognized_location"
    return {"automatic_tax": status, "ip_address": None, "location": place, "provider": "stripe"}


@includable("coupon", "applies_to")
def applies_to(tx: Transaction, coupon: Json) -> Json | None:
    """Show which products the coupon is for."""
    products: Json | None = tx.hidden("coupon", coupon["id"]).get("applies_to")
    return products


@includable("coupon", "currency_options")
def currency_options(tx: Transaction, coupon: Json) -> Json:
    """Show what the coupon takes off in each currency."""
    return {coupon["currency"]: {"amount_off": coupon["amount_off"]}} if coupon["currency"] else {}


@includable("account", "external_accounts")
def external_accounts(tx: Transaction, account: Json) -> Json:
    """List where payouts go: nowhere."""
    return sublist([], f"/v1/accounts/{account['id']}/external_accounts")


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
