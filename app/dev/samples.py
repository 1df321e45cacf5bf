"""A subscription in every state, made up for the page of components."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.account.presenters import Summary, describe

NEXT = datetime(2026, 12, 20, tzinfo=UTC)


@dataclass(frozen=True)
class SampleSubscription:
    """As much of a subscription as the words ask about."""

    status: str = "active"
    plan_name: str = "Pro"
    amount: int = 2900
    currency: str = "usd"
    interval: str = "month"
    current_period_end: datetime | None = NEXT
    trial_end: datetime | None = None
    cancel_at: datetime | None = None
    ended_at: datetime | None = None
    is_canceling: bool = False
    has_ended: bool = False
    needs_payment: bool = False
    grants_access: bool = True


def sample_summaries() -> list[tuple[str, Summary]]:
    """Every state with its name, as the account page tells it."""
    active = SampleSubscription()
    past_due = replace(active, status="past_due", needs_payment=True)
    samples = {
        "none": None,
        "incomplete": replace(active, status="incomplete", needs_payment=True, grants_access=False),
        "trialing": replace(active, status="trialing", trial_end=NEXT),
        "active": active,
        "canceling": replace(active, is_canceling=True, cancel_at=NEXT),
        "past_due": past_due,
        "unpaid": replace(past_due, status="unpaid", grants_access=False),
        "ended": replace(active, status="canceled", has_ended=True, ended_at=NEXT, grants_access=False),
    }
    told = [(name, describe(subscription)) for name, subscription in samples.items()]
    return [*told, ("unknown", describe(active, is_stale=True))]
