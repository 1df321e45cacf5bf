"""The words for where an order, a payment, an event or a subscription stands."""

from enum import StrEnum


class SubscriptionStatus(StrEnum):
    """Stripe's `subscription.status`; https://docs.stripe.com/api/subscriptions/object."""

    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    UNPAID = "unpaid"
    PAUSED = "paused"
    CANCELED = "canceled"


ENDED_STATUSES = frozenset({SubscriptionStatus.CANCELED, SubscriptionStatus.INCOMPLETE_EXPIRED})


class OrderState(StrEnum):
    """Where an order stands; `mismatched` was paid otherwise than agreed, or after its account was deleted."""

    PENDING = "pending"
    FULFILLED = "fulfilled"
    FAILED = "failed"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    MISMATCHED = "mismatched"


# An order in one of these has not been fulfilled, and may still be.
UNFULFILLED_STATES = frozenset({OrderState.PENDING, OrderState.FAILED, OrderState.EXPIRED})

DISPUTE_WON = frozenset({"won", "warning_closed", "prevented"})
DISPUTE_OVER = DISPUTE_WON | {"lost"}
# An inquiry: the bank asks, no money has moved, so nothing is taken away.
DISPUTE_INQUIRY = frozenset({"warning_needs_response", "warning_under_review"})


def dispute_takes_access(dispute_status: str | None) -> bool:
    """Whether a payment's dispute, if it has one, suspends what was paid for."""
    return dispute_status is not None and dispute_status not in DISPUTE_WON | DISPUTE_INQUIRY


class PaymentStatus(StrEnum):
    """What became of a payment; refunds stand beside it as an amount.

    `open` and `overdue` are invoices that Stripe sent by mail; `uncollectible` was given up, and can still be paid.
    """

    PAID = "paid"
    FAILED = "failed"
    ACTION_REQUIRED = "action_required"
    OPEN = "open"
    OVERDUE = "overdue"
    UNCOLLECTIBLE = "uncollectible"
    VOID = "void"


# The customer is still asked to pay.
ASKED_FOR = frozenset({PaymentStatus.FAILED, PaymentStatus.ACTION_REQUIRED, PaymentStatus.OPEN, PaymentStatus.OVERDUE})

# Nobody charges these: the customer pays them, or does not.
SENT_BY_MAIL = frozenset({PaymentStatus.OPEN, PaymentStatus.OVERDUE})


class EventOutcome(StrEnum):
    """What came of an event."""

    PROCESSED = "processed"
    IGNORED = "ignored"
    FAILED = "failed"
