"""Setup intents: saving a payment method for later without charging it."""

from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.engine.links import authentication_url
from stripe_emulator.engine.payments import cards, payment_methods
from stripe_emulator.engine.payments.outcomes import Outcome, decide_setup, remember_setup
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def create_setup_intent(tx: Transaction, *, customer: str | None = None, **fields: Any) -> Json:
    """Create a setup intent that waits for a payment method, and emit `setup_intent.created`."""
    intent_id = ids.new_id("setup_intent")
    intent: Json = {
        "id": intent_id,
        "object": "setup_intent",
        "allowed_payment_method_types": ["card"],
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "client_secret": f"{intent_id}_secret_{ids.random_text(25)}",
        "created": tx.now({"customer": customer}),
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {
            "card": {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
        },
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "usage": "off_session",
    }
    intent.update({key: value for key, value in fields.items() if value is not None})
    tx.insert(intent)
    tx.emit("setup_intent.created", intent)
    return intent


def attempt_setup(
    tx: Transaction,
    intent: Json,
    payment_method: Json,
    *,
    authenticated: bool = False,
    return_url: str | None = None,
) -> Outcome:
    """Try to save this payment method; the intent's new status says how it went."""
    outcome = decide_setup(tx, payment_method, authenticated=authenticated)
    intent["payment_method"] = payment_method["id"]
    if outcome.status == "authenticate":
        _require_action(tx, intent, return_url)
    elif outcome.status == "declined":
        _fail(tx, intent, payment_method, outcome)
    else:
        _succeed(tx, intent, payment_method)
    return outcome


def fail_setup_authentication(tx: Transaction, intent: Json) -> None:
    """Send the intent back for another payment method after a failed challenge."""
    code = "setup_intent_authentication_failure"
    message = (
        "We are unable to authenticate your payment method. Please choose a different payment method and try again."
    )
    error = {
        "code": code,
        "doc_url": errors.doc_url(code),
        "message": message,
        "type": "invalid_request_error",
    }
    intent.update(status="requires_payment_method", next_action=None, payment_method=None, last_setup_error=error)
    tx.save(intent)
    tx.emit("setup_intent.setup_failed", intent)


def setup_decline_error(tx: Transaction, intent: Json) -> errors.CardError:
    """Return the 402 that tells of the last failed attempt; what was written is kept."""
    failure = intent["last_setup_error"]
    return errors.card_error(
        failure["message"],
        failure["code"],
        failure.get("decline_code"),
        keep_writes=True,
        setup_intent=intent,
    )


def cancel_setup_intent(tx: Transaction, intent: Json, reason: str | None = None) -> Json:
    """Cancel a setup intent that has not succeeded."""
    intent.update(status="canceled", cancellation_reason=reason, next_action=None)
    tx.save(intent)
    tx.emit("setup_intent.canceled", intent)
    return intent


def _require_action(tx: Transaction, intent: Json, return_url: str | None) -> None:
    intent["status"] = "requires_action"
    intent["next_action"] = {
        "type": "redirect_to_url",
        "redirect_to_url": {"return_url": return_url, "url": authentication_url(tx, intent["id"])},
    }
    tx.save(intent)
    tx.emit("setup_intent.requires_action", intent)


def _fail(tx: Transaction, intent: Json, payment_method: Json, outcome: Outcome) -> None:
    assert outcome.decline_code is not None
    code, message = cards.decline_message(outcome.decline_code)
    error = {
        "code": code,
        "decline_code": outcome.decline_code,
        "doc_url": errors.doc_url(code),
        "message": message,
        "payment_method": payment_method,
        "type": "card_error",
    }
    intent.update(status="requires_payment_method", payment_method=None, last_setup_error=error, next_action=None)
    tx.save(intent)
    tx.emit("setup_intent.setup_failed", intent)


def _succeed(tx: Transaction, intent: Json, payment_method: Json) -> None:
    intent.update(status="succeeded", next_action=None, last_setup_error=None)
    tx.save(intent)
    tx.emit("setup_intent.succeeded", intent)
    remember_setup(tx, payment_method)
    if intent["customer"]:
        payment_methods.attach(tx, payment_method, intent["customer"], check=False)
