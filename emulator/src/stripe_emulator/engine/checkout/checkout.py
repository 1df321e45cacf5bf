"""Completing a Checkout Session: pay first, then make what was bought."""

from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.engine.checkout import checkout_sessions, fulfilment
from stripe_emulator.engine.checkout.session_items import KIND
from stripe_emulator.engine.payments import attempts, outcomes, payment_intents, setup_intents
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def complete_session(
    tx: Transaction,
    session_id: str,
    *,
    payment_method: Json | None = None,
    expected_amount: int | None = None,
    promotion_code: str | None = None,
    quantity: int | None = None,
    customer_details: Json | None = None,
) -> Json:
    """Pay an open session with a payment method, and make its subscription, payment or setup; return the session.

    Completing it again changes nothing. A decline raises the 402 and leaves behind no more than the failed charge and
    its payment intent. Where the card asks for 3-D Secure the session comes back still open: see `pending_intent`.
    `quantity` is how many of the first item are bought, where the session lets the buyer say that.
    `customer_details` may hold `email`, `name`, `phone` and `address` as typed on the page.
    """
    session = tx.require(KIND, session_id)
    if session["status"] == "complete":
        return session
    check_open(tx, session)
    if quantity is not None:
        first = tx.hidden(KIND, session_id)["line_items"][0]["id"]
        session = checkout_sessions.set_quantity(tx, session, first, quantity)
    if promotion_code:
        session = checkout_sessions.apply_promotion_code(tx, session, promotion_code)
    if expected_amount is not None and expected_amount != (session["amount_total"] or 0):
        raise errors.invalid_request(
            f"The expected amount {expected_amount} does not match the session's amount {session['amount_total']}.",
            "expected_amount",
            "checkout_amount_mismatch",
        )
    return _pay(tx, session, payment_method, customer_details or {})


def check_open(tx: Transaction, session: Json) -> None:
    """Refuse a session that can no longer be paid."""
    if session["status"] != "open" or session["expires_at"] <= tx.now():
        raise errors.invalid_request("This Checkout Session has expired.", "session", "checkout_session_expired")


def pending_intent(tx: Transaction, session: Json) -> Json | None:
    """Return the payment or setup intent that waits for 3-D Secure; its `next_action` has the page's address."""
    intent = _intent_of(tx, session)
    return intent if session["status"] == "open" and intent and intent["status"] == "requires_action" else None


def needs_payment_method(session: Json) -> bool:
    """Tell whether the session cannot be completed without a payment method."""
    always = session["payment_method_collection"] == "always"
    return (
        session["mode"] == "setup"
        or (session["amount_total"] or 0) > 0
        or (session["mode"] == "subscription" and always)
    )


def session_of(tx: Transaction, intent: Json) -> Json | None:
    """Return the session that an intent pays."""
    session_id = tx.hidden(intent["object"], intent["id"]).get("session")
    return tx.get(KIND, session_id) if session_id else None


def continue_after_authentication(tx: Transaction, session: Json, intent: Json) -> Json:
    """Complete the session whose customer has just authenticated; a second call changes nothing."""
    if session["status"] == "complete":
        return session
    check_open(tx, session)
    method = tx.require("payment_method", intent["payment_method"])
    details = tx.hidden(KIND, session["id"]).get("details") or {}
    return _attempt(tx, session, method, details, authenticated=True)


def _pay(tx: Transaction, session: Json, payment_method: Json | None, details: Json) -> Json:
    if payment_method is None or _is_no_cost_order(session):
        if needs_payment_method(session):
            raise errors.invalid_request(
                "A payment method is required to complete this Checkout Session.",
                "payment_method",
                "parameter_missing",
            )
        return fulfilment.fulfil(tx, session, None, None, details)
    return _attempt(tx, session, payment_method, details, authenticated=False)


def _is_no_cost_order(session: Json) -> bool:
    """Tell whether nothing is due now or later, so that no payment method is kept, even if one was given.

    https://docs.stripe.com/payments/checkout/no-cost-orders
    """
    return session["mode"] == "payment" and not session["amount_total"]


def _attempt(tx: Transaction, session: Json, payment_method: Json, details: Json, *, authenticated: bool) -> Json:
    paying = session["mode"] != "setup" and (session["amount_total"] or 0) > 0
    decide = outcomes.decide if paying else outcomes.decide_setup
    outcome = decide(tx, payment_method, authenticated=authenticated)
    if outcome.status in ("succeeded", "processing"):
        intent = _reusable_intent(tx, session, paying)
        done = fulfilment.fulfil(tx, session, payment_method, intent, details, authenticated=authenticated)
    else:
        done = _stop(tx, session, payment_method, details, paying, authenticated)
    return done


def _stop(
    tx: Transaction, session: Json, payment_method: Json, details: Json, paying: bool, authenticated: bool
) -> Json:
    """Try a payment that will not go through: the session stays open."""
    intent = _reusable_intent(tx, session, paying) or (
        fulfilment.create_payment(tx, session) if paying else fulfilment.create_setup(tx, session)
    )
    _remember(tx, session, intent, details)
    extra: dict[str, Any] = {"authenticated": authenticated, "return_url": session["url"]}
    if paying:
        outcome = attempts.attempt(tx, intent, payment_method, **extra)
        refusal = payment_intents.decline_error
    else:
        outcome = setup_intents.attempt_setup(tx, intent, payment_method, **extra)
        refusal = setup_intents.setup_decline_error
    if outcome.status == "declined":
        raise refusal(tx, intent)
    return session


def _remember(tx: Transaction, session: Json, intent: Json, details: Json) -> None:
    kind, id = intent["object"], intent["id"]
    tx.set_hidden(kind, id, {**tx.hidden(kind, id), "session": session["id"]})
    hidden = tx.hidden(KIND, session["id"])
    tx.set_hidden(KIND, session["id"], {**hidden, "intent": [kind, id], "details": details})


def _reusable_intent(tx: Transaction, session: Json, paying: bool) -> Json | None:
    """Return the intent of an earlier try, brought to what is due now: a promotion code may have come in between."""
    intent = _intent_of(tx, session)
    if intent is None or intent["object"] != ("payment_intent" if paying else "setup_intent"):
        return None
    if paying:
        intent["amount"] = session["amount_total"]
    return intent


def _intent_of(tx: Transaction, session: Json) -> Json | None:
    kept = tx.hidden(KIND, session["id"]).get("intent")
    return tx.get(*kept) if kept else None
