"""What settles by itself a while after a payment: debits, refunds and disputes."""

from stripe_emulator.engine.checkout import checkout, fulfilment
from stripe_emulator.engine.invoices import invoice_payments
from stripe_emulator.engine.payments import attempts, charging, disputes, refunds
from stripe_emulator.engine.payments.cards import Card
from stripe_emulator.engine.payments.outcomes import Outcome, behaviour_of
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def settle_intent(tx: Transaction, intent: Json) -> None:
    """Bring a debit to its end and tell the invoice and the Checkout Session that wait for it."""
    if intent["status"] != "processing":
        return
    succeeded = attempts.settle(tx, intent)
    invoice = invoice_payments.invoice_of(tx, intent)
    if invoice is not None and invoice["status"] == "open":
        charging.carry_to_invoice(tx, invoice, intent, Outcome("succeeded" if succeeded else "declined"))
    session = checkout.session_of(tx, intent)
    if session is not None and session["status"] == "complete":
        fulfilment.report_settlement(tx, session, succeeded)


def open_dispute(tx: Transaction, charge: Json) -> None:
    """Have the cardholder of a disputing card dispute the charge."""
    if charge["disputed"]:
        return
    method = tx.get("payment_method", charge["payment_method"] or "")
    behaviour = behaviour_of(tx, method) if method else None
    kind = behaviour.dispute if isinstance(behaviour, Card) else None
    disputes.create_dispute(tx, charge, "fraudulent" if kind in (None, "inquiry") else kind, inquiry=kind == "inquiry")


def decide_dispute(tx: Transaction, dispute: Json) -> None:
    """Have the bank decide a dispute by the evidence it was given."""
    if dispute["status"] in ("under_review", "warning_under_review"):
        disputes.decide(tx, dispute)


def finish_refund(tx: Transaction, refund: Json) -> None:
    """Bring a refund to its end that took its time."""
    if refund["status"] in ("pending", "succeeded"):
        refunds.finish(tx, refund)
