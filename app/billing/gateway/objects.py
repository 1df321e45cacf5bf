"""What our code reads of Stripe's objects, so that an event whose object has another shape is read from Stripe."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

LONGEST_TEXT, LONGEST_WORD, LONGEST_NUMBER = 255, 32, 64
LARGEST_AMOUNT = 2**63 - 1
LARGEST_COUNT = 2**31 - 1
LAST_SECOND = 250_000_000_000  # The year 9892: what a datetime can hold, with room for the days of grace.

Check = Callable[[Any], bool]
Shape = Check | Mapping[str, Any]


def check_of(shape: Shape) -> Check:
    """The check for a shape, put together once: every event is checked. A field that is missing counts as null."""
    if not isinstance(shape, Mapping):
        return shape
    checks = [(name, check_of(inner)) for name, inner in shape.items()]

    def has_fields(value: Any) -> bool:
        return isinstance(value, dict) and all(check(value.get(name)) for name, check in checks)

    return has_fields


def optional(shape: Shape) -> Check:
    """Null, or this shape."""
    check = check_of(shape)
    return lambda value: value is None or check(value)


def list_of(shape: Shape) -> Check:
    """A list of this shape."""
    check = check_of(shape)
    return lambda value: isinstance(value, list) and all(map(check, value))


def text(value: Any) -> bool:
    """An id or a word of Stripe's."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT


def word(value: Any) -> bool:
    """One of Stripe's words for a state."""
    return text(value) and len(value) <= LONGEST_WORD


def prose(value: Any) -> bool:
    """Words or an address, of any length, or null."""
    return value is None or isinstance(value, str)


def reference(value: Any) -> bool:
    """An id, the object that it names, or null."""
    return value is None or text(value.get("id") if isinstance(value, dict) else value)


def amount(value: Any) -> bool:
    """Minor units."""
    return type(value) is int and -LARGEST_AMOUNT <= value <= LARGEST_AMOUNT


def count(value: Any) -> bool:
    """How many."""
    return type(value) is int and 0 <= value <= LARGEST_COUNT


def invoice_number(value: Any) -> bool:
    """A number such as `AB12CD34-0001`, or null for a draft."""
    return value is None or (isinstance(value, str) and len(value) <= LONGEST_NUMBER)


def moment(value: Any) -> bool:
    """Unix seconds."""
    return type(value) is int and 0 <= value <= LAST_SECOND


def currency(value: Any) -> bool:
    """A currency's three letters."""
    return isinstance(value, str) and len(value) == 3


def flag(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


METADATA = optional({})

ITEM = {
    "id": text,
    "current_period_end": moment,
    "current_period_start": moment,
    "price": {
        "id": text,
        "currency": currency,
        "lookup_key": optional(text),
        "recurring": optional({"interval": word}),
        "unit_amount": optional(amount),
    },
    "quantity": optional(count),
}

_SHAPES: Mapping[str, Shape] = {
    "checkout.session": {
        "id": text,
        "amount_subtotal": optional(amount),
        # Null only where nothing is sold.
        "amount_total": amount,
        "client_reference_id": prose,
        "created": moment,
        "currency": optional(currency),
        "customer": reference,
        "invoice": reference,
        "metadata": METADATA,
        "mode": word,
        "payment_intent": reference,
        "payment_status": word,
        "status": optional(word),
        "subscription": reference,
    },
    "invoice": {
        "id": text,
        "amount_due": amount,
        "amount_paid": amount,
        "attempt_count": count,
        "created": moment,
        "currency": currency,
        "customer": reference,
        "description": prose,
        "hosted_invoice_url": prose,
        "invoice_pdf": prose,
        "lines": optional({"data": list_of({"amount": optional(amount), "description": prose})}),
        "metadata": METADATA,
        "next_payment_attempt": optional(moment),
        "number": invoice_number,
        "parent": optional({"subscription_details": optional({"metadata": METADATA, "subscription": reference})}),
        "status": optional(word),
        "status_transitions": optional({"paid_at": optional(moment)}),
    },
    "charge": {
        "id": text,
        "amount": amount,
        "amount_refunded": amount,
        "created": moment,
        "currency": optional(currency),
        "customer": reference,
        "metadata": METADATA,
        "payment_intent": reference,
        "refunded": flag,
    },
    "subscription": {
        "id": text,
        "cancel_at": optional(moment),
        "cancel_at_period_end": flag,
        "canceled_at": optional(moment),
        "customer": reference,
        "ended_at": optional(moment),
        "items": {"data": list_of(ITEM)},
        "latest_invoice": reference,
        "metadata": METADATA,
        "start_date": moment,
        "status": word,
        "trial_end": optional(moment),
    },
    "dispute": {"id": text, "charge": reference, "metadata": METADATA, "payment_intent": reference, "status": word},
}

SHAPES: Mapping[str, Check] = {name: check_of(shape) for name, shape in _SHAPES.items()}


def id_of(reference: Any) -> str | None:
    """The id of an expandable field, whether it is the id or the object."""
    if isinstance(reference, str) or reference is None:
        return reference
    else:
        return str(reference["id"])


def time_of(timestamp: int | None) -> datetime | None:
    """Stripe's unix seconds as an aware UTC time."""
    return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
