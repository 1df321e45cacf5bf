"""A subscription's settings, from the parameters of its creation or of an update."""

from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.api.metadata import merged
from stripe_emulator.engine.invoices import automatic_tax, discounts
from stripe_emulator.engine.payments import payment_methods
from stripe_emulator.engine.subscriptions.subscription_items import latest_period_end, period_end, tax_rates
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def set_fields(tx: Transaction, subscription: Json, params: Json) -> None:
    """Carry over what an update changes besides items, trial and end."""
    _set_plain(subscription, params)
    if "default_payment_method" in params:
        method = own_method(tx, subscription["customer"], params["default_payment_method"])
        subscription["default_payment_method"] = method
    if "discounts" in params:
        subscription["discounts"] = discounts.redeem_all(
            tx,
            params["discounts"],
            customer=subscription["customer"],
            held=subscription["discounts"],
            currency=subscription["currency"],
            subscription=subscription["id"],
        )
    if "default_tax_rates" in params:
        subscription["default_tax_rates"] = tax_rates(tx, params["default_tax_rates"], "default_tax_rates")


def _set_plain(subscription: Json, params: Json) -> None:
    if "metadata" in params:
        subscription["metadata"] = merged(subscription["metadata"], params["metadata"])
    for key in ("description", "collection_method", "days_until_due", "default_source"):
        if key in params:
            subscription[key] = params[key] or None
    if "pause_collection" in params:
        subscription["pause_collection"] = pause_collection(params["pause_collection"])
    if "payment_settings" in params:
        subscription["payment_settings"] = payment_settings(
            params["payment_settings"], subscription["payment_settings"]
        )
    if "trial_settings" in params:
        subscription["trial_settings"] = trial_settings(params["trial_settings"])
    if "automatic_tax" in params:
        subscription["automatic_tax"] = automatic_tax.of_subscription(params["automatic_tax"])


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


def pause_collection(given: Json | str | None) -> Json | None:
    """Return how collection is paused, or None if it goes on."""
    if not isinstance(given, dict):
        return None
    return {"behavior": given["behavior"], "resumes_at": given.get("resumes_at")}


def own_method(tx: Transaction, customer_id: str, given: str | None) -> str | None:
    """Return the id of a payment method that must be the customer's own."""
    if not given:
        return None
    method = payment_methods.resolve(tx, given, "default_payment_method")
    if method["customer"] != customer_id:
        raise errors.invalid_request(
            f"The customer does not have a payment method with the ID {given}. The payment method must be attached to "
            "the customer.",
            "default_payment_method",
            "resource_missing",
        )
    return str(method["id"])
