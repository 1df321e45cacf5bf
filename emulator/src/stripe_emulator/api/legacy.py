"""Older parameters, for requests without a `Stripe-Version`, as the official CLI sends them, or with an older one."""

from collections.abc import Callable
from typing import Any

from stripe_emulator.state.documents import Json

_METHODS: dict[str, Any] = {"payment_method_types": ["a", "s"]}
_INTENT: dict[str, Any] = {**_METHODS, "confirmation_method": "s", "source": "s"}
_DISCOUNT: dict[str, Any] = {"coupon": ["c", "s"], "promotion_code": ["c", "s"]}

#: What each structure of the description had before.
FIELDS: dict[str, dict[str, Any]] = {
    "checkout_SessionCreateParams": _METHODS,
    "PaymentIntentCreateParams": _INTENT,
    "PaymentIntentUpdateParams": _INTENT,
    "PaymentIntentConfirmParams": _INTENT,
    "SetupIntentCreateParams": _METHODS,
    "SetupIntentUpdateParams": _METHODS,
    "SetupIntentConfirmParams": _METHODS,
    "CustomerCreateParams": {**_DISCOUNT, "source": "s"},
    "CustomerUpdateParams": {**_DISCOUNT, "source": "s"},
    "InvoiceCreateParams": {"subscription": "s"},
    "SubscriptionCreateParams": {**_DISCOUNT, "prorate": "b"},
    "SubscriptionUpdateParams": {**_DISCOUNT, "prorate": "b", "default_payment_method": ["c", "s"]},
    "SubscriptionScheduleCreateParamsPhase": {"iterations": "i", "coupon": "s"},
    "SubscriptionScheduleUpdateParamsPhase": {"iterations": "i", "coupon": "s"},
}


#: The release that made new subscriptions flexible unless they say otherwise.
_FLEXIBLE = "2025-09-30"
_CLASSIC = {"billing_mode": {"type": "classic"}}
_UI_MODES = {"hosted": "hosted_page", "embedded": "embedded_page", "custom": "elements"}


def translate(operation: str, tree: Json, version: str | None) -> Json:
    """Return the parameters with those that only moved in today's place, and what was the default then."""
    tree = _TRANSLATIONS.get(operation, _as_it_is)(tree)
    if version is None or version[:10] >= _FLEXIBLE:
        result = tree
    elif operation == "POST /v1/subscriptions":
        result = {**_CLASSIC, **tree}
    elif operation == "POST /v1/checkout/sessions" and tree.get("mode") == "subscription":
        result = {**tree, "subscription_data": {**_CLASSIC, **(tree.get("subscription_data") or {})}}
    else:
        result = tree
    return result


def _as_it_is(tree: Json) -> Json:
    return tree


def _promotion_code(tree: Json) -> Json:
    if "coupon" not in tree or "promotion" in tree:
        return tree
    rest = {name: value for name, value in tree.items() if name != "coupon"}
    return {**rest, "promotion": {"type": "coupon", "coupon": tree["coupon"]}}


def _billing_cycle_anchor(tree: Json) -> Json:
    anchor = tree.get("billing_cycle_anchor")
    return {**tree, "billing_cycle_anchor": {"type": anchor}} if isinstance(anchor, str) else tree


def _ui_mode(tree: Json) -> Json:
    given = tree.get("ui_mode")
    return {**tree, "ui_mode": _UI_MODES[given]} if given in _UI_MODES else tree


_TRANSLATIONS: dict[str, Callable[[Json], Json]] = {
    "POST /v1/checkout/sessions": _ui_mode,
    "POST /v1/promotion_codes": _promotion_code,
    "POST /v1/subscriptions/{subscription_exposed_id}": _billing_cycle_anchor,
}
