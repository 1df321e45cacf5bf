"""3-D Secure: what the bank's answer makes of the intent, and of the session or invoice that waits for it."""

from stripe_emulator.engine.checkout import checkout
from stripe_emulator.engine.payments import charging, payment_intents, payment_methods, setup_intents
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def complete_authentication(tx: Transaction, intent: Json) -> Json:
    """Go on as the cardholder who proved who they are; return the intent as it is then.

    The payment may still be declined. A Checkout Session that waited is completed, an invoice that waited is paid.
    A card that was removed meanwhile cannot be used. Doing it twice changes nothing.
    """
    if intent["status"] != "requires_action":
        return intent
    method = tx.get("payment_method", intent["payment_method"] or "")
    if method is not None and payment_methods.is_detached(tx, method):
        return fail_authentication(tx, intent)
    session = checkout.session_of(tx, intent)
    if session is not None and session["status"] == "open":
        checkout.continue_after_authentication(tx, session, intent)
    elif intent["object"] == "payment_intent":
        method = tx.require("payment_method", intent["payment_method"])
        charging.attempt_intent(tx, intent, method, authenticated=True)
    else:
        setup_intents.attempt_setup(
            tx, intent, tx.require("payment_method", intent["payment_method"]), authenticated=True
        )
    return tx.require(intent["object"], intent["id"])


def fail_authentication(tx: Transaction, intent: Json) -> Json:
    """Go on as the cardholder who could not prove it: another payment method is needed."""
    if intent["status"] == "requires_action":
        if intent["object"] == "payment_intent":
            payment_intents.fail_authentication(tx, intent)
        else:
            setup_intents.fail_setup_authentication(tx, intent)
    return intent
