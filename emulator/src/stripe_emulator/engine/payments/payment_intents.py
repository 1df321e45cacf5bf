"""Payment intents: one amount to collect, over as many attempts as it takes."""

from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.engine.links import authentication_url
from stripe_emulator.engine.payments import charges
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

FINAL = ("succeeded", "canceled")

CARD_OPTIONS = {**dict.fromkeys(("installments", "mandate_options", "network")), "request_three_d_secure": "automatic"}
EMPTY = (
    "description",
    "excluded_payment_method_types",
    "last_payment_error",
    "latest_charge",
    "next_action",
    "payment_method",
    "processing",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)


def create_intent(tx: Transaction, amount: int, currency: str, *, customer: str | None = None, **fields: Any) -> Json:
    """Create an intent that waits for a payment method, and emit `payment_intent.created`."""
    intent_id = ids.new_id("payment_intent")
    intent: Json = {
        **dict.fromkeys(EMPTY),
        "id": intent_id,
        "object": "payment_intent",
        "allowed_payment_method_types": ["card"],
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "capture_method": "automatic_async",
        "client_secret": f"{intent_id}_secret_{ids.random_text(25)}",
        "confirmation_method": "automatic",
        "created": tx.now({"customer": customer}),
        "currency": currency,
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {"card": CARD_OPTIONS},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }
    intent.update({key: value for key, value in fields.items() if value is not None})
    tx.insert(intent)
    tx.emit("payment_intent.created", intent)
    return intent


def require_action(tx: Transaction, intent: Json, return_url: str | None = None) -> None:
    """Wait for the customer to authenticate on the 3-D Secure page."""
    intent["status"] = "requires_action"
    intent["next_action"] = {
        "type": "redirect_to_url",
        "redirect_to_url": {"return_url": return_url, "url": authentication_url(tx, intent["id"])},
    }
    tx.save(intent)
    tx.emit("payment_intent.requires_action", intent)


def fail_authentication(tx: Transaction, intent: Json) -> None:
    """Send the intent back for another payment method after a failed challenge."""
    message = (
        "We are unable to authenticate your payment method. Please choose a different payment method and try again."
    )
    intent.update(
        status="requires_payment_method",
        next_action=None,
        last_payment_error={
            "code": "payment_intent_authentication_failure",
            "doc_url": errors.doc_url("payment_intent_authentication_failure"),
            "message": message,
            "payment_method": tx.get("payment_method", intent["payment_method"]),
            "type": "invalid_request_error",
        },
        payment_method=None,
    )
    tx.save(intent)
    tx.emit("payment_intent.payment_failed", intent)


def decline_error(tx: Transaction, intent: Json) -> errors.CardError:
    """Return the 402 that tells of the intent's last failed attempt; what was written is kept."""
    failure = intent["last_payment_error"]
    return errors.card_error(
        failure["message"],
        failure["code"],
        failure.get("decline_code"),
        keep_writes=True,
        charge=failure.get("charge"),
        payment_intent=intent,
        payment_method=failure.get("payment_method"),
    )


def cancel(tx: Transaction, intent: Json, reason: str | None = None) -> Json:
    """Cancel an intent that has not been paid."""
    intent.update(
        status="canceled",
        canceled_at=tx.now(intent),
        cancellation_reason=reason,
        next_action=None,
        amount_capturable=0,
    )
    tx.save(intent)
    tx.emit("payment_intent.canceled", intent)
    return intent


def capture(tx: Transaction, intent: Json, amount: int | None = None) -> Json:
    """Take the money of an authorized intent."""
    taken = amount or intent["amount_capturable"]
    charges.capture(tx, tx.require("charge", intent["latest_charge"]), taken)
    intent.update(status="succeeded", amount_capturable=0, amount_received=taken)
    tx.save(intent)
    tx.emit("payment_intent.succeeded", intent)
    return intent
