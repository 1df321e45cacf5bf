"""What an invoice's payment, or its failure, makes of the subscription and the customer."""

from stripe_emulator.engine import timers
from stripe_emulator.engine.changes import changing
from stripe_emulator.engine.invoices import invoices
from stripe_emulator.engine.subscriptions import ending, pending_updates
from stripe_emulator.engine.subscriptions.entitlements import sync_entitlements
from stripe_emulator.engine.subscriptions.subscription_timers import set_timers
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def invoice_paid(tx: Transaction, invoice: Json) -> None:
    """Start or recover the subscription whose invoice was paid."""
    subscription = invoices.subscription_of(tx, invoice)
    if subscription is not None:
        pending_updates.apply_if_paid(tx, subscription, invoice)
        _start_or_recover(tx, subscription, invoice)
        sync_entitlements(tx, subscription["customer"])
    _set_delinquent(tx, invoice["customer"], False)


def invoice_processing(tx: Transaction, invoice: Json) -> None:
    """Let the subscription run while a debit is on its way."""
    subscription = invoices.subscription_of(tx, invoice)
    if subscription is not None and subscription["status"] == "incomplete":
        _activate(tx, subscription)
        sync_entitlements(tx, subscription["customer"])


def invoice_unpaid(tx: Transaction, invoice: Json) -> None:
    """Put a running subscription past due when an invoice of it could not be paid."""
    subscription = invoices.subscription_of(tx, invoice)
    if (
        subscription is not None
        and subscription["status"] in ("active", "trialing")
        and not subscription["pending_update"]
    ):
        with changing(tx, "customer.subscription.updated", subscription):
            subscription["status"] = "past_due"
    if subscription is None or subscription["status"] != "incomplete":
        _set_delinquent(tx, invoice["customer"], True)


def invoice_given_up(tx: Transaction, invoice: Json) -> None:
    """Let a subscription go on, or end before it began, whose unpaid invoice is owed no more."""
    subscription = invoices.subscription_of(tx, invoice)
    if subscription is None:
        return
    if subscription["status"] == "incomplete" and subscription["latest_invoice"] == invoice["id"]:
        ending.expire_incomplete(tx, subscription)
    elif subscription["status"] == "past_due" and not _owes(tx, subscription):
        _activate(tx, subscription)


def _start_or_recover(tx: Transaction, subscription: Json, invoice: Json) -> None:
    resumes = tx.hidden("subscription", subscription["id"]).get("resumes_with") == invoice["id"]
    runs_again = {
        "incomplete": True,
        "past_due": not _owes(tx, subscription),
        "unpaid": subscription["latest_invoice"] == invoice["id"],
        "paused": resumes,
    }
    if runs_again.get(subscription["status"]):
        was_paused = subscription["status"] == "paused"
        _activate(tx, subscription)
        if was_paused:
            tx.emit("customer.subscription.resumed", subscription)


def _activate(tx: Transaction, subscription: Json) -> None:
    timers.clear_timer(tx, "expire_incomplete", subscription["id"])
    with changing(tx, "customer.subscription.updated", subscription):
        now, trial_end = tx.now(subscription), subscription["trial_end"]
        subscription["status"] = "trialing" if trial_end and trial_end > now else "active"
        subscription.pop("status_details", None)
        _save_default(tx, subscription)
    set_timers(tx, subscription)


def _save_default(tx: Transaction, subscription: Json) -> None:
    if subscription["payment_settings"]["save_default_payment_method"] == "on_subscription":
        latest = tx.get("invoice", subscription["latest_invoice"] or "")
        used = latest and tx.hidden("invoice", latest["id"]).get("paid_with")
        subscription["default_payment_method"] = used or subscription["default_payment_method"]


def _owes(tx: Transaction, subscription: Json) -> bool:
    return any(each["status"] == "open" and each["attempted"] for each in invoices.invoices_of(tx, subscription))


def _set_delinquent(tx: Transaction, customer_id: str, delinquent: bool) -> None:
    customer = tx.get("customer", customer_id)
    if customer is not None and bool(customer.get("delinquent")) != delinquent:
        with changing(tx, "customer.updated", customer):
            customer["delinquent"] = delinquent
