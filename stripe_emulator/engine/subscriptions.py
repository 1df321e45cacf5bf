"""Subscriptions: created with their items, first invoice and first payment."""

from typing import Any

from stripe_emulator import ids
from stripe_emulator.api import errors
from stripe_emulator.documents import Json
from stripe_emulator.engine import (
    cards,
    charging,
    discounts,
    invoices,
    lines,
    outcomes,
    payment_methods,
    setup_intents,
)
from stripe_emulator.engine.entitlements import sync_entitlements
from stripe_emulator.engine.first_period import FirstPeriod, first_period
from stripe_emulator.engine.invoice_items import claim_items
from stripe_emulator.engine.money import price_amount
from stripe_emulator.engine.prices import resolve_price
from stripe_emulator.engine.subscription_items import (
    build_item,
    check_items,
    latest_period_end,
    period_end,
    tax_rates,
)
from stripe_emulator.engine.subscription_timers import set_timers
from stripe_emulator.transaction import Transaction

INCOMPLETE_IF_UNPAID = ("succeeded", "processing")


def create_subscription(tx: Transaction, customer: Json, params: Json, *, intent: Json | None = None) -> Json:
    """Create a subscription and bill its first period.

    With `intent`, a payment intent that has been paid already (as Checkout does), the invoice is settled with it;
    otherwise `payment_behavior` says what an unpaid first invoice leads to.
    """
    subscription = _build(tx, customer, params)
    period = first_period(tx, subscription, params)
    _start_periods(subscription, period)
    _set_ending(subscription, params)
    first_lines = _first_lines(tx, subscription, period, params)
    invoice = invoices.build_invoice(
        tx, customer, subscription["currency"], "subscription_create", first_lines, subscription=subscription
    )
    subscription["latest_invoice"] = invoice["id"]
    subscription["status"] = _first_status(tx, subscription, invoice, params, intent)
    tx.insert(subscription)
    _pend_setup(tx, subscription, params)
    tx.emit("customer.subscription.created", subscription)
    _issue_first(tx, subscription, invoice, params, intent)
    subscription = tx.require("subscription", subscription["id"])
    _drop_single_use_discounts(tx, subscription)
    set_timers(tx, subscription)
    sync_entitlements(tx, customer["id"])
    return subscription


def _build(tx: Transaction, customer: Json, params: Json) -> Json:
    if params.get("collection_method") == "send_invoice" and params.get("days_until_due") is None:
        raise errors.invalid_request(
            "When `collection_method` is `send_invoice`, you must specify `days_until_due`.", "days_until_due"
        )
    now = tx.now(customer)
    subscription_id = ids.new_id("subscription")
    subscription: Json = {
        "id": subscription_id,
        "object": "subscription",
        "automatic_tax": _automatic_tax(params),
        "billing_cycle_anchor": now,
        "billing_mode": billing_mode(params.get("billing_mode"), now),
        "billing_schedules": [],
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": dict.fromkeys(("comment", "feedback", "feedback_option", "reason")),
        "collection_method": params.get("collection_method") or "charge_automatically",
        "created": now,
        "customer": customer["id"],
        "days_until_due": params.get("days_until_due"),
        "default_payment_method": _default_method(tx, customer, params),
        "default_source": None,
        "default_tax_rates": tax_rates(tx, params.get("default_tax_rates"), "default_tax_rates"),
        "description": params.get("description"),
        "ended_at": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "payment_settings": payment_settings(params.get("payment_settings")),
        "pause_collection": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": params.get("backdate_start_date") or now,
        "test_clock": customer.get("test_clock"),
        "trial_end": None,
        "trial_settings": trial_settings(params.get("trial_settings")),
        "trial_start": None,
    }
    given = params.get("items") or []
    items = [build_item(tx, subscription, entry, f"items[{index}]") for index, entry in enumerate(given)]
    subscription["currency"] = check_items(items)
    url = f"/v1/subscription_items?subscription={subscription_id}"
    subscription["items"] = {"object": "list", "data": items, "has_more": False, "url": url}
    subscription["discounts"] = discounts.redeem_all(
        tx,
        params.get("discounts"),
        customer=customer["id"],
        subscription=subscription_id,
        checkout_session=params.get("checkout_session"),
    )
    return subscription


def billing_mode(given: Json | None, now: int) -> Json:
    """Return the subscription's billing mode: flexible unless classic is asked for."""
    if (given or {}).get("type") == "classic":
        return {"flexible": None, "type": "classic"}
    discounts_mode = ((given or {}).get("flexible") or {}).get("proration_discounts") or "included"
    return {"flexible": {"proration_discounts": discounts_mode}, "type": "flexible", "updated_at": now}


def payment_settings(given: Json | None, current: Json | None = None) -> Json:
    """Return a subscription's payment settings after those given."""
    base = current or {
        "payment_method_options": None,
        "payment_method_types": None,
        "save_default_payment_method": "off",
    }
    return {**base, **{key: value or None for key, value in (given or {}).items()}}


def trial_settings(given: Json | None) -> Json:
    """Return what happens when the trial ends."""
    behavior = (given or {}).get("end_behavior") or {}
    return {
        "end_behavior": {
            "billing_cycle_anchor": behavior.get("billing_cycle_anchor"),
            "missing_payment_method": behavior.get("missing_payment_method") or "create_invoice",
        }
    }


def resolve_cancel_at(subscription: Json, given: Any) -> int | None:
    """Return the time that `cancel_at` stands for: a timestamp, one of Stripe's words, or `''` for none."""
    if given == "min_period_end":
        at: int | None = period_end(subscription)
    elif given in ("max_period_end", "max_billed_until"):
        at = latest_period_end(subscription)
    else:
        at = int(given) if given not in ("", None) else None
    return at


def _automatic_tax(params: Json) -> Json:
    enabled = bool((params.get("automatic_tax") or {}).get("enabled"))
    return {"disabled_reason": None, "enabled": enabled, "liability": {"type": "self"} if enabled else None}


def _default_method(tx: Transaction, customer: Json, params: Json) -> str | None:
    given = params.get("default_payment_method")
    if not given:
        return None
    method = payment_methods.resolve(tx, given, "default_payment_method")
    if method["customer"] != customer["id"]:
        raise errors.invalid_request(
            f"The customer does not have a payment method with the ID {given}. The payment method must be attached to the customer.",
            "default_payment_method",
            "resource_missing",
        )
    return str(method["id"])


def _start_periods(subscription: Json, period: FirstPeriod) -> None:
    subscription.update(
        billing_cycle_anchor=period.anchor, trial_start=period.trial_start, trial_end=period.trial_end
    )
    for item in subscription["items"]["data"]:
        item["current_period_start"] = period.start
        item["current_period_end"] = period.end_for(item)


def _set_ending(subscription: Json, params: Json) -> None:
    now = subscription["created"]
    if params.get("cancel_at_period_end"):
        subscription.update(cancel_at_period_end=True, cancel_at=period_end(subscription), canceled_at=now)
    if params.get("cancel_at"):
        subscription.update(cancel_at=resolve_cancel_at(subscription, params["cancel_at"]), canceled_at=now)
    if subscription["canceled_at"]:
        subscription["cancellation_details"]["reason"] = "cancellation_requested"


def _first_lines(tx: Transaction, subscription: Json, period: FirstPeriod, params: Json) -> list[Json]:
    found = []
    for item in subscription["items"]["data"]:
        line = lines.item_line(tx, subscription, item, trial=period.trial_end is not None)
        found.append(period.prorate(line, item))
    for index, entry in enumerate(params.get("add_invoice_items") or []):
        found.append(_one_time_line(tx, subscription, entry, f"add_invoice_items[{index}]"))
    return found + invoices.pending_item_lines(
        tx, subscription["customer"], subscription["currency"], subscription["id"]
    )


def _one_time_line(tx: Transaction, subscription: Json, entry: Json, param: str) -> Json:
    price = resolve_price(tx, entry, param)
    quantity, now = entry.get("quantity") or 1, tx.now({"customer": subscription["customer"]})
    invoice_item: Json = {
        "id": ids.new_id("invoiceitem"),
        "proration": False,
    }
    parent = lines.invoice_item_parent(invoice_item, subscription["id"])
    return lines.new_line(
        price_amount(price, quantity),
        price["currency"],
        lines.product_name(tx, price),
        {"start": now, "end": now},
        parent,
        price=price,
        quantity=quantity,
        subscription=subscription["id"],
        metadata=entry.get("metadata") or {},
    )


def _first_status(
    tx: Transaction, subscription: Json, invoice: Json, params: Json, intent: Json | None
) -> str:
    behavior = params.get("payment_behavior") or "allow_incomplete"
    if behavior == "pending_if_incomplete":
        raise errors.invalid_request(
            "`pending_if_incomplete` is only used with updates and cannot be passed when creating a Subscription.",
            "payment_behavior",
        )
    running = "trialing" if subscription["trial_end"] else "active"
    if (
        invoice["amount_due"] == 0
        or subscription["collection_method"] == "send_invoice"
        or intent is not None
    ):
        return running
    if behavior == "default_incomplete":
        return "incomplete"
    method = payment_methods.default_for(tx, subscription["customer"], subscription)
    if method is None:
        raise errors.invalid_request(
            "This customer has no attached payment source or default payment method. Please consider adding a default payment method. "
            "For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.",
            code="resource_missing",
        )
    outcome = outcomes.decide(tx, method)
    if outcome.status not in INCOMPLETE_IF_UNPAID and behavior == "error_if_incomplete":
        raise _first_payment_error(outcome)
    return running if outcome.status in INCOMPLETE_IF_UNPAID else "incomplete"


def _first_payment_error(outcome: outcomes.Outcome) -> errors.CardError:
    if outcome.status == "authenticate":
        code = "subscription_payment_intent_requires_action"
        message = "Payment for this subscription requires additional user action before it can be completed successfully."
        return errors.card_error(message, code)
    assert outcome.decline_code is not None
    code, message = cards.decline_message(outcome.decline_code)
    return errors.card_error(message, code, outcome.decline_code)


def _pend_setup(tx: Transaction, subscription: Json, params: Json) -> None:
    """Ask for a payment method during a trial that began without one."""
    missing = payment_methods.default_for(tx, subscription["customer"], subscription) is None
    wanted = subscription["status"] == "trialing" and params.get("payment_behavior") == "default_incomplete"
    if wanted and missing:
        setup = setup_intents.create_setup_intent(tx, customer=subscription["customer"])
        subscription["pending_setup_intent"] = setup["id"]
        tx.save(subscription)


def _issue_first(
    tx: Transaction, subscription: Json, invoice: Json, params: Json, intent: Json | None
) -> None:
    tx.insert(invoice)
    claim_items(tx, invoice)
    tx.emit("invoice.created", invoice)
    invoices.finalize_invoice(tx, invoice, intent=intent)
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
    kept = [each for each in subscription["discounts"] if not discounts.lasts_once(tx, each)]
    if kept != subscription["discounts"] and subscription["trial_end"] is None:
        tx.save({**subscription, "discounts": kept})
        subscription["discounts"] = kept
