"""Older parameters that a request without a `Stripe-Version` may still use, as the official CLI does."""

from collections.abc import Callable
from typing import Any

from stripe_emulator.api.types import Reader, reader_of
from stripe_emulator.documents import Json

_METHODS: dict[str, Any] = {"payment_method_types": ["a", "s"]}
_INTENT: dict[str, Any] = {**_METHODS, "confirmation_method": "s"}
_DISCOUNT: dict[str, Any] = {"coupon": "s", "promotion_code": "s"}

_OLD_PARAMETERS: dict[str, dict[str, Any]] = {
    "POST /v1/checkout/sessions": _METHODS,
    "POST /v1/payment_intents": {**_INTENT, "source": "s"},
    "POST /v1/payment_intents/{intent}": _INTENT,
    "POST /v1/payment_intents/{intent}/confirm": _METHODS,
    "POST /v1/setup_intents": _METHODS,
    "POST /v1/setup_intents/{intent}": _METHODS,
    "POST /v1/customers": {**_DISCOUNT, "source": "s"},
    "POST /v1/customers/{customer}": {**_DISCOUNT, "source": "s"},
    "POST /v1/subscriptions": {**_DISCOUNT, "prorate": "b"},
    "POST /v1/subscriptions/{subscription_exposed_id}": {**_DISCOUNT, "prorate": "b"},
    "POST /v1/invoices": {"subscription": "s"},
}
_READERS: dict[str, dict[str, Reader]] = {
    name: {param: reader_of(expression) for param, expression in params.items()}
    for name, params in _OLD_PARAMETERS.items()
}


def split(operation: str, tree: Json) -> tuple[Json, Json]:
    """Return the old parameters, read, and the rest of the tree in today's words."""
    readers = _READERS.get(operation, {})
    old = {name: readers[name](value, name) for name, value in tree.items() if name in readers}
    rest = {name: value for name, value in tree.items() if name not in old}
    return old, _TRANSLATIONS.get(operation, _as_it_is)(rest)


def _as_it_is(tree: Json) -> Json:
    return tree


def _promotion_code(tree: Json) -> Json:
    if "coupon" not in tree or "promotion" in tree:
        return tree
    rest = {name: value for name, value in tree.items() if name != "coupon"}
    return {**rest, "promotion": {"type": "coupon", "coupon": tree["coupon"]}}


_TRANSLATIONS: dict[str, Callable[[Json], Json]] = {"POST /v1/promotion_codes": _promotion_code}
