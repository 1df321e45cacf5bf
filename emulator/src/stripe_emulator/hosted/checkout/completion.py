"""Carrying a checkout session out through the engine."""

from flask import url_for

from stripe_emulator.engine.checkout import checkout, checkout_sessions
from stripe_emulator.engine.checkout.session_items import KIND, items_of
from stripe_emulator.engine.invoices import discounts
from stripe_emulator.engine.settings import DAY
from stripe_emulator.hosted.checkout.form import Answers
from stripe_emulator.hosted.checkout.summary import Discount, Order, summarize
from stripe_emulator.hosted.links import after_checkout
from stripe_emulator.hosted.operations import call
from stripe_emulator.state.store import Json, Transaction


def order_of(tx: Transaction, session: Json) -> Order:
    """Return what the page says about the session."""
    return summarize(tx, session, items_of(tx, session), trial_end_of(tx, session), discount_of(tx, session))


def pay(tx: Transaction, session_id: str, answers: Answers) -> str:
    """Complete the session, once, and return where the browser goes."""
    session = tx.require(KIND, session_id)
    if session["status"] == "open":
        params = answers.payment_method
        method = call(tx, "POST", "/v1/payment_methods", params) if params else None
        session = checkout.complete_session(
            tx, session_id, payment_method=method, customer_details=answers.customer_details
        )
        intent = checkout.pending_intent(tx, session)
        if intent is not None:
            return url_for("authentication.challenge", intent_id=intent["id"])
    return destination(session)


def destination(session: Json) -> str:
    """Return where the browser goes now: the merchant's success page, or the checkout page itself."""
    forward = after_checkout(session["id"], session["success_url"]) if session["status"] == "complete" else None
    return forward or url_for("checkout.show", session_id=session["id"])


def apply_code(tx: Transaction, session_id: str, code: str) -> None:
    """Apply a promotion code to the session; an empty one takes it off again."""
    session = tx.require(KIND, session_id)
    checkout.check_open(tx, session)
    if code:
        checkout_sessions.apply_promotion_code(tx, session, code)
    elif session["allow_promotion_codes"]:
        checkout_sessions.remove_promotion_code(tx, session)


def set_quantity(tx: Transaction, session_id: str, item_id: str, quantity: int) -> None:
    """Change how many of an item are bought."""
    session = tx.require(KIND, session_id)
    checkout.check_open(tx, session)
    checkout_sessions.set_quantity(tx, session, item_id, quantity)


def trial_end_of(tx: Transaction, session: Json) -> int | None:
    """Return when the trial ends if the session is completed now."""
    data = tx.hidden(KIND, session["id"]).get("subscription_data") or {}
    if data.get("trial_end"):
        end: int | None = data["trial_end"]
    elif data.get("trial_period_days"):
        end = tx.now(session) + data["trial_period_days"] * DAY
    else:
        end = None
    return end


def discount_of(tx: Transaction, session: Json) -> Discount | None:
    """Return the session's discount, with the code that was typed for it."""
    entry = next(iter(session["discounts"] or []), None)
    if entry is None:
        return None
    code = tx.get("promotion_code", entry["promotion_code"]) if entry["promotion_code"] else None
    given = {key: value for key, value in entry.items() if value}
    coupon, _ = discounts.resolve(tx, given, "discounts")
    return Discount(coupon, code["code"] if code else None)
