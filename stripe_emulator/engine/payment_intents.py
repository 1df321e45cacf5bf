"""Payment intents: one amount to collect, over as many attempts as it takes."""

import copy
from typing import Any

from stripe_emulator import ids
from stripe_emulator.api import errors
from stripe_emulator.documents import Json
from stripe_emulator.engine import cards, charges, payment_methods, timers
from stripe_emulator.engine.changes import record_change
from stripe_emulator.engine.links import authentication_url
from stripe_emulator.engine.outcomes import Outcome, decide, remember_setup
from stripe_emulator.engine.settings import setting
from stripe_emulator.transaction import Transaction

FINAL = ("succeeded", "canceled")


def create_intent(
    tx: Transaction, amount: int, currency: str, *, customer: str | None = None, **fields: Any
) -> Json:
    """Create an intent that waits for a payment method, and emit `payment_intent.created`."""
    intent_id = ids.new_id("payment_intent")
    intent: Json = {
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
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "payment_method": None,
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_group": None,
    }
    intent.update({key: value for key, value in fields.items() if value is not None})
    tx.insert(intent)
    tx.emit("payment_intent.created", intent)
    return intent


def attempt(
    tx: Transaction,
    intent: Json,
    payment_method: Json,
    *,
    authenticated: bool = False,
    off_session: bool = False,
    return_url: str | None = None,
) -> Outcome:
    """Try to collect with this payment method; the intent's new status says how it went.

    Off session nobody is there to authenticate: the caller decides whether that is a decline or a question for later.
    """
    outcome = decide(tx, payment_method, authenticated=authenticated)
    _set_method(tx, intent, payment_method)
    if outcome.status == "authenticate" and off_session:
        outcome = Outcome("declined", "authentication_required")
    if outcome.status == "authenticate":
        require_action(tx, intent, return_url)
    elif outcome.status == "declined":
        _fail(tx, intent, payment_method, outcome)
    elif outcome.status == "processing":
        _start_processing(tx, intent, payment_method, outcome)
    else:
        _succeed(tx, intent, payment_method, outcome, authenticated)
    return outcome


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
    message = "We are unable to authenticate your payment method. Please choose a different payment method and try again."
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


def settle(tx: Transaction, intent: Json) -> bool:
    """Bring a debit to its end; return whether the money came."""
    payment_method = tx.require("payment_method", intent["payment_method"])
    number = tx.hidden("payment_method", payment_method["id"]).get("number", "")
    iban = cards.iban_by_number(number)
    succeeded = iban is None or iban.outcome != "fails"
    charge = tx.require("charge", intent["latest_charge"])
    charges.settle(tx, charge, succeeded)
    if succeeded:
        intent.update(status="succeeded", processing=None, amount_received=intent["amount"])
        tx.save(intent)
        tx.emit("payment_intent.succeeded", intent)
    else:
        intent.update(processing=None)
        _record_failure(tx, intent, payment_method, charge, Outcome("declined", "generic_decline"))
    return succeeded


def _set_method(tx: Transaction, intent: Json, payment_method: Json) -> None:
    intent["payment_method"] = payment_method["id"]
    if intent["customer"] and intent["setup_future_usage"] and payment_method["customer"] is None:
        if decide(tx, payment_method, authenticated=True).status != "declined":
            payment_methods.attach(tx, payment_method, intent["customer"], check=False)


def _succeed(
    tx: Transaction, intent: Json, payment_method: Json, outcome: Outcome, authenticated: bool
) -> None:
    charge = charges.create_charge(tx, intent, payment_method, outcome, authenticated=authenticated)
    manual = intent["capture_method"] == "manual"
    intent.update(
        status="requires_capture" if manual else "succeeded",
        latest_charge=charge["id"],
        amount_received=0 if manual else intent["amount"],
        amount_capturable=intent["amount"] if manual else 0,
        next_action=None,
        last_payment_error=None,
    )
    tx.save(intent)
    tx.emit("payment_intent.amount_capturable_updated" if manual else "payment_intent.succeeded", intent)
    charges.record_funds(tx, charge)
    if authenticated or intent["setup_future_usage"]:
        remember_setup(tx, payment_method)


def _fail(tx: Transaction, intent: Json, payment_method: Json, outcome: Outcome) -> None:
    charge = charges.create_charge(tx, intent, payment_method, outcome)
    _record_failure(tx, intent, payment_method, charge, outcome)


def _record_failure(
    tx: Transaction, intent: Json, payment_method: Json, charge: Json, outcome: Outcome
) -> None:
    decline_code = outcome.decline_code or "generic_decline"
    code, message = cards.decline_message(decline_code)
    intent.update(
        status="requires_payment_method",
        latest_charge=charge["id"],
        next_action=None,
        payment_method=None,
        last_payment_error={
            "charge": charge["id"],
            "code": charge["failure_code"] or code,
            "decline_code": decline_code,
            "doc_url": errors.doc_url(code),
            "message": charge["failure_message"] or message,
            "payment_method": payment_method,
            "type": "card_error",
        },
    )
    tx.save(intent)
    tx.emit("payment_intent.payment_failed", intent)


def _start_processing(tx: Transaction, intent: Json, payment_method: Json, outcome: Outcome) -> None:
    charge = charges.create_charge(tx, intent, payment_method, outcome)
    before = copy.deepcopy(intent)
    kind = payment_method["type"]
    intent.update(
        status="processing",
        latest_charge=charge["id"],
        next_action=None,
        payment_method_types=[kind],
        allowed_payment_method_types=[kind],
    )
    record_change(tx, "payment_intent.processing", before, intent)
    timers.set_timer(tx, "settle", intent["id"], tx.now() + setting(tx, "sepa_settle_seconds"))
