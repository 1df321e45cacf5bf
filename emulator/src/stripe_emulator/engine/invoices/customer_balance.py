"""The customer's credit balance: below zero is credit for later invoices."""

from stripe_emulator.engine.changes import changing
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def apply_to_invoice(tx: Transaction, invoice: Json) -> None:
    """Use the customer's balance for an invoice, or keep what a negative invoice leaves as credit."""
    customer = tx.require("customer", invoice["customer"])
    balance = customer.get("balance") or 0
    invoice["starting_balance"] = balance
    invoice["amount_due"] = max(0, invoice["total"] + balance)
    invoice["amount_remaining"] = invoice["amount_due"] - invoice["amount_paid"]
    invoice["ending_balance"] = balance + invoice["total"] - invoice["amount_due"]
    used = invoice["ending_balance"] - balance
    if used:
        add(tx, customer, used, invoice["currency"], "applied_to_invoice", invoice=invoice["id"])


def leave_untouched(tx: Transaction, invoice: Json) -> None:
    """Take the whole total as due: it has been paid already."""
    balance = tx.require("customer", invoice["customer"]).get("balance") or 0
    invoice.update(starting_balance=balance, ending_balance=balance, amount_due=invoice["total"])
    invoice["amount_remaining"] = invoice["amount_due"] - invoice["amount_paid"]


def add(
    tx: Transaction,
    customer: Json,
    amount: int,
    currency: str,
    type: str,
    *,
    invoice: str | None = None,
    credit_note: str | None = None,
) -> Json:
    """Change the balance by `amount` and record why."""
    with changing(tx, "customer.updated", customer):
        customer["balance"] = (customer.get("balance") or 0) + amount
        customer["currency"] = customer.get("currency") or currency
    transaction: Json = {
        "id": ids.new_id("customer_balance_transaction"),
        "object": "customer_balance_transaction",
        "amount": amount,
        "created": tx.now(customer),
        "credit_note": credit_note,
        "currency": currency,
        "customer": customer["id"],
        "ending_balance": customer["balance"],
        "invoice": invoice,
        "livemode": False,
        "metadata": {},
        "type": type,
    }
    return tx.insert(transaction)
