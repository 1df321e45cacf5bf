"""Invoice payments: what ties an invoice to the payment intents that collect it."""

from stripe_emulator.api.expand import includable
from stripe_emulator.engine.payments import payment_intents
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

_CHANGING = ("subscription_create", "subscription_update")


def open_payment(tx: Transaction, invoice: Json, intent: Json | None = None) -> Json:
    """Tie the invoice to an intent for what is due, a new one if none is given."""
    if intent is None:
        intent = payment_intents.create_intent(
            tx,
            invoice["amount_remaining"],
            invoice["currency"],
            customer=invoice["customer"],
            description=_description(invoice),
            setup_future_usage="off_session" if invoice["billing_reason"] in _CHANGING else None,
            capture_method="automatic",
        )
        tx.save({**intent, "automatic_payment_methods": None})
    payment: Json = {
        "id": ids.new_id("invoice_payment"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_remaining"],
        "created": tx.now(invoice),
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
    tx.insert(payment)
    tx.set_hidden(
        "payment_intent",
        intent["id"],
        {**tx.hidden("payment_intent", intent["id"]), "invoice": invoice["id"]},
    )
    return payment


def payments_of(tx: Transaction, invoice_id: str) -> list[Json]:
    """Return the invoice's payments, newest first."""
    return tx.find("invoice_payment", invoice=invoice_id)


def default_intent(tx: Transaction, invoice: Json) -> Json | None:
    """Return the payment intent that collects the invoice."""
    for payment in payments_of(tx, invoice["id"]):
        if payment["is_default"] and payment["status"] != "canceled":
            return tx.get("payment_intent", payment["payment"]["payment_intent"])
    return None


def invoice_of(tx: Transaction, intent: Json) -> Json | None:
    """Return the invoice that a payment intent collects."""
    invoice_id = tx.hidden("payment_intent", intent["id"]).get("invoice")
    return tx.get("invoice", invoice_id) if invoice_id else None


def settle_payment(tx: Transaction, invoice: Json) -> None:
    """Mark the open payment as paid and emit `invoice_payment.paid`."""
    for payment in payments_of(tx, invoice["id"]):
        if payment["status"] == "open":
            transitions = {**payment["status_transitions"], "paid_at": tx.now(invoice)}
            payment.update(status="paid", amount_paid=payment["amount_requested"], status_transitions=transitions)
            tx.save(payment)
            tx.emit("invoice_payment.paid", payment)


def cancel_open(tx: Transaction, invoice: Json, reason: str) -> None:
    """Cancel what is still to be paid, and its payment intent."""
    for payment in payments_of(tx, invoice["id"]):
        if payment["status"] == "open":
            transitions = {**payment["status_transitions"], "canceled_at": tx.now(invoice)}
            tx.save({**payment, "status": "canceled", "status_transitions": transitions})
            intent = tx.require("payment_intent", payment["payment"]["payment_intent"])
            if intent["status"] not in payment_intents.FINAL:
                payment_intents.cancel(tx, intent, reason)


@includable("invoice", "confirmation_secret")
def _confirmation_secret(tx: Transaction, invoice: Json) -> Json | None:
    intent = default_intent(tx, invoice)
    return {"client_secret": intent["client_secret"], "type": "payment_intent"} if intent else None


def _description(invoice: Json) -> str:
    reasons = {
        "subscription_create": "Subscription creation",
        "subscription_cycle": "Subscription update",
        "subscription_update": "Subscription update",
    }
    return reasons.get(invoice["billing_reason"], "Payment for Invoice")
