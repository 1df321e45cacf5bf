"""Collecting invoices: try a payment method, then tell the invoice and its subscription how it went."""

import copy

from stripe_emulator.api import errors
from stripe_emulator.engine.invoices import invoice_payments, invoices
from stripe_emulator.engine.payments import attempts, dunning, lifecycle, payment_intents, payment_methods
from stripe_emulator.engine.payments.outcomes import Outcome
from stripe_emulator.state.documents import Json
from stripe_emulator.state.events import changed_fields
from stripe_emulator.state.transaction import Transaction

NO_METHOD = Outcome("declined", None)


def pay_invoice(
    tx: Transaction,
    invoice: Json,
    payment_method: Json | None = None,
    *,
    scheduled: bool = False,
    return_url: str | None = None,
) -> Outcome:
    """Try to collect an open invoice with this payment method or the default one.

    `scheduled` marks a try of the retry schedule: others, after the first, do not count.
    """
    method = payment_method or method_for(tx, invoice)
    intent = invoice_payments.default_intent(tx, invoice)
    if intent is None:
        payment = invoice_payments.open_payment(tx, invoice)
        intent = tx.require("payment_intent", payment["payment"]["payment_intent"])
    if method is None:
        _uncollected(tx, invoice, scheduled, action_required=False)
        return NO_METHOD
    return attempt_intent(tx, intent, method, scheduled=scheduled, return_url=return_url)


def attempt_intent(
    tx: Transaction,
    intent: Json,
    payment_method: Json,
    *,
    authenticated: bool = False,
    off_session: bool = False,
    scheduled: bool = False,
    return_url: str | None = None,
) -> Outcome:
    """Try a payment intent with a payment method, and carry the result on to its invoice."""
    outcome = attempts.attempt(
        tx,
        intent,
        payment_method,
        authenticated=authenticated,
        off_session=off_session,
        return_url=return_url,
    )
    invoice = invoice_payments.invoice_of(tx, intent)
    if invoice is not None:
        carry_to_invoice(tx, invoice, intent, outcome, scheduled)
    return outcome


def carry_to_invoice(tx: Transaction, invoice: Json, intent: Json, outcome: Outcome, scheduled: bool = False) -> None:
    """Bring the invoice, and through it the subscription, to where its payment intent is."""
    if outcome.status == "succeeded":
        collect(tx, invoice, intent["payment_method"])
    elif outcome.status == "processing":
        tx.save({**invoice, "attempted": True, "attempt_count": invoice["attempt_count"] + 1})
        lifecycle.invoice_processing(tx, invoice)
    else:
        _uncollected(tx, invoice, scheduled, action_required=outcome.status == "authenticate")


def collect(tx: Transaction, invoice: Json, payment_method_id: str | None = None, *, out_of_band: bool = False) -> None:
    """Close the invoice as paid and let its subscription run."""
    tx.set_hidden("invoice", invoice["id"], {**tx.hidden("invoice", invoice["id"]), "paid_with": payment_method_id})
    if not out_of_band:
        invoice["attempt_count"] += 1
    invoices.mark_paid(tx, invoice, attempted=not out_of_band, out_of_band=out_of_band)
    if out_of_band:
        invoice_payments.cancel_open(tx, invoice, "void_invoice")
    else:
        invoice_payments.settle_payment(tx, invoice)
    lifecycle.invoice_paid(tx, invoice)


def settle_without_payment(tx: Transaction, invoice: Json) -> None:
    """Close an invoice on which nothing is owed any more."""
    invoices.mark_paid(tx, invoice)
    lifecycle.invoice_paid(tx, invoice)


def method_for(tx: Transaction, invoice: Json) -> Json | None:
    """Return what an invoice is paid with: its own default, the subscription's, or the customer's."""
    own = invoice["default_payment_method"] and tx.get("payment_method", invoice["default_payment_method"])
    return own or payment_methods.default_for(tx, invoice["customer"], invoices.subscription_of(tx, invoice))


def refusal(tx: Transaction, invoice: Json, outcome: Outcome) -> errors.CardError | None:
    """Return the 402 for a payment that did not go through, or None; what was written is kept."""
    intent = invoice_payments.default_intent(tx, invoice)
    if outcome.status in ("succeeded", "processing"):
        error = None
    elif outcome == NO_METHOD:
        error = errors.card_error("Cannot charge a customer that has no active card", "missing", keep_writes=True)
    elif outcome.status == "authenticate":
        error = errors.card_error(
            "This payment requires additional user action before it can be completed successfully. Payment can be "
            "completed using the PaymentIntent associated with the invoice.",
            "invoice_payment_intent_requires_action",
            keep_writes=True,
            payment_intent=intent,
        )
    else:
        assert intent is not None
        error = payment_intents.decline_error(tx, intent)
    return error


def _uncollected(tx: Transaction, invoice: Json, scheduled: bool, *, action_required: bool) -> None:
    before = copy.deepcopy(invoice)
    counts = scheduled or invoice["attempt_count"] == 0
    invoice["attempted"] = True
    if counts:
        invoice["attempt_count"] += 1
        invoice["next_payment_attempt"] = dunning.plan_retry(tx, invoice)
    tx.save(invoice)
    if action_required:
        tx.emit("invoice.payment_action_required", invoice)
    if not action_required or invoice["billing_reason"] == "subscription_cycle":
        tx.emit("invoice.payment_failed", invoice)
    if changed_fields(before, invoice):
        tx.emit("invoice.updated", invoice, previous=changed_fields(before, invoice))
    lifecycle.invoice_unpaid(tx, invoice)
    exhausted = counts and invoice["next_payment_attempt"] is None and invoice["auto_advance"]
    if exhausted:
        dunning.give_up(tx, invoice)
