"""Dunning: when a failed renewal is tried again, and what happens when no try is left."""

from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.invoices import invoices
from stripe_emulator.engine.payments import payment_methods
from stripe_emulator.engine.settings import setting
from stripe_emulator.engine.subscriptions import ending
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def plan_retry(tx: Transaction, invoice: Json) -> int | None:
    """Set the timer for the next try after this failed one and return its time; None if there is none."""
    subscription = invoices.subscription_of(tx, invoice)
    schedule = setting(tx, "dunning_schedule")
    tried = invoice["attempt_count"] - 1
    starting = subscription is not None and subscription["status"] in ("incomplete", *ending.OVER)
    if starting or not invoice["auto_advance"] or tried >= len(schedule) or _waits_for_method(tx, invoice):
        return None
    at: int = tx.now(invoice) + schedule[tried]
    timers.set_timer(tx, "retry_invoice", invoice["id"], at, invoice["test_clock"])
    return at


def give_up(tx: Transaction, invoice: Json) -> None:
    """End the subscription of an invoice that could not be collected, as the account's settings say."""
    subscription = invoices.subscription_of(tx, invoice)
    if subscription is None or subscription["status"] not in ("active", "past_due") or _waits_for_method(tx, invoice):
        return
    final = setting(tx, "dunning_final_status")
    if final == "canceled":
        ending.end_subscription(tx, subscription, "payment_failed")
    elif final == "unpaid":
        with changing(tx, "customer.subscription.updated", subscription):
            subscription["status"] = "unpaid"


def _waits_for_method(tx: Transaction, invoice: Json) -> bool:
    """Whether a scheduled subscription's first invoice has nothing to be tried with: Stripe does not retry then.

    Renewals are tried all the same, so that taking the card away is a way to see dunning end.
    """
    first = invoice["billing_reason"] == "subscription_create"
    return first and payment_methods.default_for(tx, invoice["customer"], invoices.subscription_of(tx, invoice)) is None
