"""A new subscription as an object: its settings, items and periods, before anything is billed."""

from stripe_emulator.api import errors
from stripe_emulator.engine.invoices import automatic_tax, discounts
from stripe_emulator.engine.subscriptions.customer_currency import check_customer_currency, currency_to_keep
from stripe_emulator.engine.subscriptions.first_period import FirstPeriod
from stripe_emulator.engine.subscriptions.subscription_items import (
    build_item,
    check_items,
    latest_period_end,
    tax_rates,
)
from stripe_emulator.engine.subscriptions.subscription_settings import (
    billing_mode,
    own_method,
    payment_settings,
    resolve_cancel_at,
    trial_settings,
)
from stripe_emulator.state import ids
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def build_subscription(tx: Transaction, customer: Json, params: Json) -> Json:
    """Return a subscription with its items; periods, status and first invoice are still to come."""
    if params.get("collection_method") == "send_invoice" and params.get("days_until_due") is None:
        raise errors.invalid_request(
            "When `collection_method` is `send_invoice`, you must specify `days_until_due`.", "days_until_due"
        )
    now = tx.now(customer)
    subscription: Json = {
        "id": ids.new_id("subscription"),
        "object": "subscription",
        "created": now,
        "customer": customer["id"],
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "test_clock": customer.get("test_clock"),
        **_settings(tx, customer, params, now),
        **_state(now, params),
    }
    subscription_id = subscription["id"]
    given = params.get("items") or []
    items = [build_item(tx, subscription, entry, f"items[{index}]") for index, entry in enumerate(given)]
    wanted = currency_to_keep(tx, customer, [item["price"] for item in items], params.get("currency"))
    subscription["currency"] = check_items(tx, items, wanted)
    check_customer_currency(tx, customer, subscription["currency"])
    url = f"/v1/subscription_items?subscription={subscription_id}"
    subscription["items"] = {"object": "list", "data": items, "has_more": False, "url": url}
    subscription["discounts"] = discounts.redeem_all(
        tx,
        params.get("discounts"),
        customer=customer["id"],
        currency=subscription["currency"],
        subscription=subscription_id,
        checkout_session=params.get("checkout_session"),
    )
    return subscription


def start_periods(subscription: Json, period: FirstPeriod) -> None:
    """Set every item's first period."""
    subscription.update(billing_cycle_anchor=period.anchor, trial_start=period.trial_start, trial_end=period.trial_end)
    for item in subscription["items"]["data"]:
        item["current_period_start"] = period.start
        item["current_period_end"] = period.end_for(item)


def set_ending(subscription: Json, params: Json) -> None:
    """Set the end that a subscription is created with."""
    now = subscription["created"]
    if params.get("cancel_at_period_end"):
        subscription.update(cancel_at_period_end=True, cancel_at=latest_period_end(subscription), canceled_at=now)
    if params.get("cancel_at"):
        at = resolve_cancel_at(subscription, params["cancel_at"])
        if at is not None and at <= now:
            raise errors.invalid_request("`cancel_at` must be in the future.", "cancel_at")
        subscription.update(cancel_at=at, canceled_at=now)
    if subscription["canceled_at"]:
        subscription["cancellation_details"]["reason"] = "cancellation_requested"


def _settings(tx: Transaction, customer: Json, params: Json, now: int) -> Json:
    return {
        "automatic_tax": automatic_tax.of_subscription(params.get("automatic_tax")),
        "billing_mode": billing_mode(params.get("billing_mode"), now),
        "collection_method": params.get("collection_method") or "charge_automatically",
        "days_until_due": params.get("days_until_due"),
        "default_payment_method": own_method(tx, customer["id"], params.get("default_payment_method")),
        "default_source": None,
        "default_tax_rates": tax_rates(tx, params.get("default_tax_rates"), "default_tax_rates"),
        "description": params.get("description"),
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "payment_settings": payment_settings(params.get("payment_settings")),
        "trial_settings": trial_settings(params.get("trial_settings")),
    }


def _state(now: int, params: Json) -> Json:
    return {
        "billing_cycle_anchor": now,
        "billing_schedules": [],
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": dict.fromkeys(("comment", "feedback", "feedback_option", "reason")),
        "ended_at": None,
        "pause_collection": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": params.get("backdate_start_date") or now,
        "trial_end": None,
        "trial_start": None,
    }
