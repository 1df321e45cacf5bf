"""A change of plan whose payment asks for 3-D Secure: it waits until the bank has answered."""

from flask import redirect, url_for
from werkzeug.wrappers import Response

from stripe_emulator.engine.invoices import invoice_payments
from stripe_emulator.engine.subscriptions import pending_updates
from stripe_emulator.hosted.operations import call
from stripe_emulator.hosted.portal import changes
from stripe_emulator.hosted.portal.blueprint import bp, current_portal
from stripe_emulator.hosted.portal.home import after
from stripe_emulator.hosted.portal.offers import Change
from stripe_emulator.hosted.storage import attempt
from stripe_emulator.hosted.subscriptions import own_subscription
from stripe_emulator.state.store import Json, Transaction

NEEDS_AUTHENTICATION = "subscription_payment_intent_requires_action"


def hold(tx: Transaction, change: Change) -> Response:
    """Keep the change pending and send the customer to the bank."""
    changes.apply(tx, current_portal(), change, payment_behavior="pending_if_incomplete")
    intent = waiting_intent(tx, change.subscription)
    if intent is None:
        return after(tx, "updated")
    back = url_for("portal.finish_change", subscription_id=change.subscription["id"], _external=True)
    hidden = tx.hidden("payment_intent", intent["id"])
    tx.set_hidden("payment_intent", intent["id"], {**hidden, "returned_to": back})
    return redirect(url_for("authentication.challenge", intent_id=intent["id"]), 303)


@bp.get("/subscriptions/<subscription_id>/updated")
def finish_change(subscription_id: str) -> Response:
    """Go on after 3-D Secure: the change was made, or it is dropped together with its invoice."""

    def carry_out(tx: Transaction) -> Response:
        subscription = own_subscription(tx, current_portal().customer_id, subscription_id)
        if subscription["pending_update"] is None:
            return after(tx, "updated")
        intent = waiting_intent(tx, subscription)
        if intent is None or intent["status"] == "requires_action":
            return redirect(url_for("portal.home"), 303)
        invoice = tx.hidden("subscription", subscription_id)["pending_update"]["invoice"]
        call(tx, "POST", f"/v1/invoices/{invoice}/void")
        pending_updates.expire(tx, tx.require("subscription", subscription_id))
        return redirect(url_for("portal.home", done="unconfirmed"), 303)

    return attempt(carry_out)


def waiting_intent(tx: Transaction, subscription: Json) -> Json | None:
    """Return the payment intent of the invoice that a pending change waits for."""
    waiting = tx.hidden("subscription", subscription["id"]).get("pending_update") or {}
    invoice = tx.get("invoice", waiting.get("invoice") or "")
    return invoice_payments.default_intent(tx, invoice) if invoice else None
