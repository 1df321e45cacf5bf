"""Subscriptions: created with their items, first invoice and first payment."""

from stripe_emulator.api import errors
from stripe_emulator.engine.invoices import invoices
from stripe_emulator.engine.invoices.discount_ends import drop_used
from stripe_emulator.engine.invoices.first_invoice import first_lines
from stripe_emulator.engine.invoices.invoice_building import build_invoice
from stripe_emulator.engine.invoices.invoice_items import claim_items
from stripe_emulator.engine.payments import charging, outcomes, payment_methods, setup_intents
from stripe_emulator.engine.subscriptions.change_billing import COLLECTED, refused_payment
from stripe_emulator.engine.subscriptions.customer_currency import set_customer_currency
from stripe_emulator.engine.subscriptions.entitlements import sync_entitlements
from stripe_emulator.engine.subscriptions.first_period import first_period
from stripe_emulator.engine.subscriptions.new_subscription import build_subscription, set_ending, start_periods
from stripe_emulator.engine.subscriptions.subscription_timers import set_timers
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def create_subscription(
    tx: Transaction, customer: Json, params: Json, *, intent: Json | None = None, scheduled: bool = False
) -> Json:
    """Create a subscription and bill its first period.

    With `intent`, a payment intent that has been paid already (as Checkout does), the invoice is settled with it;
    a `scheduled` subscription runs at once and its first invoice is a draft for an hour; otherwise
    `payment_behavior` says what an unpaid first invoice leads to.
    """
    subscription = build_subscription(tx, customer, params)
    period = first_period(tx, subscription, params)
    start_periods(subscription, period)
    set_ending(subscription, params)
    found = first_lines(tx, subscription, period, params)
    invoice = build_invoice(
        tx, customer, subscription["currency"], "subscription_create", found, subscription=subscription
    )
    subscription["latest_invoice"] = invoice["id"]
    running = "trialing" if subscription["trial_end"] else "active"
    subscription["status"] = running if scheduled else _first_status(tx, subscription, invoice, params, intent)
    tx.insert(subscription)
    if customer["currency"] not in (None, subscription["currency"]):
        set_customer_currency(tx, customer["id"], subscription["currency"])
    _pend_setup(tx, subscription, params)
    tx.emit("customer.subscription.created", subscription)
    if scheduled:
        invoices.store_draft(tx, invoice)
    else:
        _issue_first(tx, subscription, invoice, params, intent)
    subscription = tx.require("subscription", subscription["id"])
    _drop_single_use_discounts(tx, subscription)
    set_timers(tx, subscription)
    sync_entitlements(tx, customer["id"])
    return subscription


def _first_status(tx: Transaction, subscription: Json, invoice: Json, params: Json, intent: Json | None) -> str:
    behavior = params.get("payment_behavior") or "allow_incomplete"
    if behavior == "pending_if_incomplete":
        raise errors.invalid_request(
            "`pending_if_incomplete` is only used with updates and cannot be passed when creating a Subscription.",
            "payment_behavior",
        )
    running = "trialing" if subscription["trial_end"] else "active"
    if invoice["amount_due"] == 0 or subscription["collection_method"] == "send_invoice" or intent is not None:
        return running
    if behavior == "default_incomplete":
        return "incomplete"
    method = payment_methods.default_for(tx, subscription["customer"], subscription)
    if method is None:
        raise errors.invalid_request(
            "This customer has no attached payment source or default payment method. Please consider adding a default "
            "payment method. For more information, visit "
            "https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.",
            code="resource_missing",
        )
    outcome = outcomes.decide(tx, method)
    if outcome.status not in COLLECTED and behavior == "error_if_incomplete":
        raise refused_payment(outcome)
    return running if outcome.status in COLLECTED else "incomplete"


def _pend_setup(tx: Transaction, subscription: Json, params: Json) -> None:
    """Ask for a payment method during a trial that began without one."""
    missing = payment_methods.default_for(tx, subscription["customer"], subscription) is None
    wanted = subscription["status"] == "trialing" and params.get("payment_behavior") == "default_incomplete"
    if wanted and missing:
        setup = setup_intents.create_setup_intent(tx, customer=subscription["customer"])
        subscription["pending_setup_intent"] = setup["id"]
        tx.save(subscription)


def _issue_first(tx: Transaction, subscription: Json, invoice: Json, params: Json, intent: Json | None) -> None:
    tx.insert(invoice)
    claim_items(tx, invoice)
    tx.emit("invoice.created", invoice)
    invoices.finalize_invoice(tx, invoice, intent=intent)
    invoices.send_by_mail(tx, invoice)
    if invoice["status"] == "paid":
        return
    if intent is not None:
        outcome = outcomes.Outcome("succeeded" if intent["status"] == "succeeded" else "processing")
        charging.carry_to_invoice(tx, invoice, intent, outcome)
    elif (
        params.get("payment_behavior") != "default_incomplete"
        and subscription["collection_method"] == "charge_automatically"
    ):
        charging.pay_invoice(tx, invoice)


def _drop_single_use_discounts(tx: Transaction, subscription: Json) -> None:
    if subscription["trial_end"] is None:
        drop_used(tx, subscription)
        tx.save(subscription)
