"""Carrying a planned change of items out: the event that tells it and the invoice it brings."""

from stripe_emulator.api import errors
from stripe_emulator.engine.changes import changing, record_change
from stripe_emulator.engine.invoices import billing
from stripe_emulator.engine.invoices.invoice_building import build_invoice
from stripe_emulator.engine.payments import cards, outcomes, payment_methods
from stripe_emulator.engine.subscriptions import pending_updates
from stripe_emulator.engine.subscriptions.item_changes import ItemChange
from stripe_emulator.engine.subscriptions.proration import store_prorations
from stripe_emulator.engine.subscriptions.subscription_items import follow_period_end
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

COLLECTED = ("succeeded", "processing")


def apply_change(tx: Transaction, before: Json, subscription: Json, change: ItemChange, behavior: str) -> None:
    """Change the items and bill what is billed at once; `behavior` says what a refused payment leads to."""
    careful = behavior in ("error_if_incomplete", "pending_if_incomplete")
    refusal = _refusal(tx, subscription, change) if careful else None
    if refusal and behavior == "error_if_incomplete":
        raise refusal
    elif refusal:
        _hold(tx, before, subscription, change)
    else:
        _carry_out(tx, before, subscription, change, behavior)


def _carry_out(tx: Transaction, before: Json, subscription: Json, change: ItemChange, behavior: str) -> None:
    store_prorations(tx, change.prorations)
    subscription["items"]["data"] = change.items
    if change.restarts:
        subscription["billing_cycle_anchor"] = change.items[0]["current_period_start"]
    follow_period_end(subscription)
    invoice = _invoice(tx, subscription, change) if change.billed_now else None
    if invoice is not None:
        subscription["latest_invoice"] = invoice["id"]
    record_change(tx, "customer.subscription.updated", before, subscription)
    if invoice is not None:
        _bill(tx, subscription, invoice, collect=behavior != "default_incomplete")


def _invoice(tx: Transaction, subscription: Json, change: ItemChange, **fields: bool) -> Json:
    customer = tx.require("customer", subscription["customer"])
    found = change.invoice_lines(tx, subscription)
    currency = subscription["currency"]
    return build_invoice(
        tx,
        customer,
        currency,
        "subscription_update",
        found,
        subscription=subscription,
        period_start=change.period_start,
        **fields,
    )


def _bill(tx: Transaction, subscription: Json, invoice: Json, *, collect: bool) -> None:
    issued, _ = billing.issue(tx, subscription, invoice, collect=collect)
    if not collect and issued["status"] == "open":
        current = tx.require("subscription", subscription["id"])
        with changing(tx, "customer.subscription.updated", current):
            current["status"] = "past_due"


def _refusal(tx: Transaction, subscription: Json, change: ItemChange) -> errors.CardError | None:
    """Return the 402 that paying for the change would end in, or None if it would go through."""
    if not change.billed_now or subscription["collection_method"] == "send_invoice":
        return None
    if _invoice(tx, subscription, change)["amount_due"] == 0:
        return None
    return _refusal_of_card(tx, subscription)


def refuse_unpaid(tx: Transaction, subscription: Json) -> None:
    """Raise the 402 for a trial whose early end was not paid; all that the update did is undone with it."""
    refusal = _refusal_of_card(tx, subscription) if subscription["status"] == "past_due" else None
    if refusal is not None:
        raise refusal


def _refusal_of_card(tx: Transaction, subscription: Json) -> errors.CardError | None:
    method = payment_methods.default_for(tx, subscription["customer"], subscription)
    if method is None:
        return errors.card_error("Cannot charge a customer that has no active card", "missing")
    outcome = outcomes.decide(tx, method)
    return None if outcome.status in COLLECTED else refused_payment(outcome)


def refused_payment(outcome: outcomes.Outcome) -> errors.CardError:
    """Return the 402 for a subscription whose payment would not go through."""
    if outcome.status == "authenticate":
        return errors.card_error(
            "Payment for this subscription requires additional user action before it can be completed successfully. "
            "Payment can be completed using the PaymentIntent associated with `subscription.latest_invoice`.",
            "subscription_payment_intent_requires_action",
        )
    code, message = cards.decline_message(outcome.decline_code or "generic_decline")
    return errors.card_error(message, code, outcome.decline_code)


def _hold(tx: Transaction, before: Json, subscription: Json, change: ItemChange) -> None:
    """Leave the items as they are until the invoice for the change is paid."""
    record_change(tx, "customer.subscription.updated", before, subscription)
    store_prorations(tx, change.prorations)
    invoice = _invoice(tx, subscription, change, auto_advance=False)
    pending_updates.hold(tx, subscription, change.items, invoice)
    billing.issue(tx, subscription, invoice)
