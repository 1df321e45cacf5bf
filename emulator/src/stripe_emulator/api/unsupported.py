"""Parameters that Stripe knows and the emulator cannot honour, though they change what is billed or asked."""

from typing import Any

from stripe_emulator.api import errors
from stripe_emulator.state.documents import Json

_CONNECT = ("application_fee_amount", "application_fee_percent", "on_behalf_of", "transfer_data")
_INVOICE = (*_CONNECT, "from_invoice", "shipping_cost")
_SUBSCRIPTION = (*_CONNECT, "billing_thresholds", "pending_invoice_item_interval")
_INTENT = (*_CONNECT, "confirmation_token")
_SCHEDULED = (*_CONNECT, "billing_thresholds", "add_invoice_items", "pause_schedules", "prebilling")

_REFUSED: dict[str, tuple[str, ...]] = {
    "POST /v1/charges": ("application_fee", "destination", *_CONNECT),
    "POST /v1/checkout/sessions": (
        *("custom_fields", "name_collection", "shipping_address_collection", "shipping_options"),
        "optional_items",
        *(f"payment_intent_data.{name}" for name in _CONNECT),
        *(f"subscription_data.{name}" for name in _CONNECT),
        "subscription_data.pending_invoice_item_interval",
    ),
    "POST /v1/credit_notes": ("shipping_cost",),
    "POST /v1/invoices": _INVOICE,
    "POST /v1/invoices/{invoice}": _INVOICE,
    "POST /v1/invoices/create_preview": ("invoice_items", "on_behalf_of", "schedule", "schedule_details"),
    "POST /v1/payment_intents": _INTENT,
    "POST /v1/payment_intents/{intent}": _CONNECT,
    "POST /v1/payment_intents/{intent}/confirm": ("confirmation_token",),
    "POST /v1/refunds": ("refund_application_fee", "reverse_transfer"),
    "POST /v1/setup_intents": ("confirmation_token", "on_behalf_of"),
    "POST /v1/setup_intents/{intent}/confirm": ("confirmation_token",),
    "POST /v1/subscription_items": ("billing_thresholds",),
    "POST /v1/subscription_items/{item}": ("billing_thresholds",),
    "POST /v1/subscription_schedules": (*(f"phases.{name}" for name in _SCHEDULED),),
    "POST /v1/subscription_schedules/{schedule}": (*(f"phases.{name}" for name in _SCHEDULED),),
    "POST /v1/subscriptions": ("backdate_start_date", *_SUBSCRIPTION),
    "POST /v1/subscriptions/{subscription_exposed_id}": _SUBSCRIPTION,
}


def check_supported(operation: str, params: Json) -> None:
    """Refuse what would be taken and then ignored, in the form of Stripe's error for a parameter it does not know."""
    for path in _REFUSED.get(operation, ()):
        found = _find(params, path.split("."))
        if found:
            raise errors.invalid_request(
                f"Received unknown parameter: {found}. Stripe has it; its emulator does not support it.",
                found,
                "parameter_unknown",
            )


def _find(value: Any, keys: list[str], prefix: str = "") -> str | None:
    """Return how the form names the parameter at this path, if something is set there."""
    if not keys:
        return prefix if value else None
    if isinstance(value, list):
        found = (_find(each, keys, f"{prefix}[{index}]") for index, each in enumerate(value))
        return next(filter(None, found), None)
    if not isinstance(value, dict) or keys[0] not in value:
        return None
    return _find(value[keys[0]], keys[1:], f"{prefix}[{keys[0]}]" if prefix else keys[0])
