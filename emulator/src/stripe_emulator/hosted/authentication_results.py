"""What the bank's answer on the 3-D Secure page leads to, and where the browser goes next."""

from flask import url_for

from stripe_emulator.engine.checkout.checkout import session_of
from stripe_emulator.engine.payments.authentication import complete_authentication, fail_authentication
from stripe_emulator.hosted.checkout.completion import destination
from stripe_emulator.hosted.collection import retry_unpaid
from stripe_emulator.hosted.payment_methods import use_method
from stripe_emulator.state.store import Json, Transaction

WENT_WELL = ("succeeded", "processing", "requires_capture")


def settle(tx: Transaction, intent: Json, completes: bool) -> Json:
    """Carry the bank's answer on to whatever waits for it, and return the intent as it is then."""
    if not completes:
        return fail_authentication(tx, intent)
    customer = tx.hidden(intent["object"], intent["id"]).get("default_for")
    intent = complete_authentication(tx, intent)
    if customer and intent["status"] == "succeeded":
        use_method(tx, customer, intent["payment_method"])
        retry_unpaid(tx, customer)
    return intent


def return_address(tx: Transaction, intent: Json) -> str | None:
    """Return where the challenge leads: the merchant once a checkout is done, else back to where it came from."""
    session = session_of(tx, intent)
    hidden = tx.hidden(intent["object"], intent["id"])
    asked = ((intent["next_action"] or {}).get("redirect_to_url") or {}).get("return_url")
    if session is not None:
        address: str | None = destination(session)
    elif asked or hidden.get("returned_to"):
        address = asked or hidden["returned_to"]
    else:
        invoice = hidden.get("invoice")
        address = url_for("invoices.show", invoice_id=invoice, _external=True) if invoice else None
    return address


def remember_return(tx: Transaction, intent: Json) -> None:
    """Keep the address for a second press, when the intent no longer asks for anything."""
    hidden, address = tx.hidden(intent["object"], intent["id"]), return_address(tx, intent)
    tx.set_hidden(intent["object"], intent["id"], {**hidden, "returned_to": address})
