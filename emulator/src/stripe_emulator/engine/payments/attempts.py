"""Attempts to collect a payment intent: what each outcome makes of it."""

import copy

from stripe_emulator.api import errors
from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import record_change
from stripe_emulator.engine.payments import cards, charges, payment_methods
from stripe_emulator.engine.payments.outcomes import Outcome, decide, remember_setup
from stripe_emulator.engine.payments.payment_intents import require_action
from stripe_emulator.engine.settings import setting
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


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
    saves = intent["customer"] and intent["setup_future_usage"] and payment_method["customer"] is None
    if saves and decide(tx, payment_method, authenticated=True).status != "declined":
        payment_methods.attach(tx, payment_method, intent["customer"], check=False)


def _succeed(tx: Transaction, intent: Json, payment_method: Json, outcome: Outcome, authenticated: bool) -> None:
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


def _record_failure(tx: Transaction, intent: Json, payment_method: Json, charge: Json, outcome: Outcome) -> None:
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
