"""What the bank's answer on the 3-D Secure page does to the intent, and where the browser goes next."""

from flask import url_for

from stripe_emulator.engine import charging, payment_intents, setup_intents
from stripe_emulator.hosted.collection import retry_unpaid
from stripe_emulator.hosted.payment_methods import use_method
from stripe_emulator.store import Json, Transaction


def return_address(tx: Transaction, intent: Json) -> str | None:
    """Return where the challenge came from: the address the intent was confirmed with, or its invoice's page."""
    asked = ((intent["next_action"] or {}).get("redirect_to_url") or {}).get("return_url")
    hidden = tx.hidden(intent["object"], intent["id"])
    invoice = hidden.get("invoice")
    page = url_for("invoices.show", invoice_id=invoice, _external=True) if invoice else None
    return asked or hidden.get("returned_to") or page


def remember_return(tx: Transaction, intent: Json, address: str | None) -> None:
    """Keep the address for a second press, when the intent no longer asks for anything."""
    hidden = tx.hidden(intent["object"], intent["id"])
    tx.set_hidden(intent["object"], intent["id"], {**hidden, "returned_to": address})


def complete(tx: Transaction, intent: Json) -> None:
    """Go on as if the cardholder had proved who they are; the card may still be declined."""
    method = tx.require("payment_method", intent["payment_method"])
    if intent["object"] == "payment_intent":
        charging.attempt_intent(tx, intent, method, authenticated=True)
    else:
        setup_intents.attempt_setup(tx, intent, method, authenticated=True)
    customer = tx.hidden(intent["object"], intent["id"]).get("default_for")
    if customer and intent["status"] == "succeeded":
        use_method(tx, customer, method["id"])
        retry_unpaid(tx, customer)


def fail(tx: Transaction, intent: Json) -> None:
    """Go on as if the cardholder had not proved it."""
    if intent["object"] == "payment_intent":
        payment_intents.fail_authentication(tx, intent)
    else:
        setup_intents.fail_setup_authentication(tx, intent)
