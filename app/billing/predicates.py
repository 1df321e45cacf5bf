"""What a subscription's state means, so that no view or template compares a status."""

from datetime import datetime

from app.billing.entitlement import decide_by_subscription
from app.billing.plans import Plan
from app.billing.prices import plan_of
from app.billing.statuses import ENDED_STATUSES, SubscriptionStatus
from app.database import utcnow

NEED_PAYMENT = frozenset({SubscriptionStatus.INCOMPLETE, SubscriptionStatus.PAST_DUE, SubscriptionStatus.UNPAID})


class SubscriptionPredicates:
    """Questions to ask of a mirrored subscription."""

    status: str
    stripe_price_id: str | None
    lookup_key: str | None
    cancel_at: datetime | None
    cancel_at_period_end: bool
    current_period_end: datetime | None

    @property
    def plan(self) -> Plan | None:
        """The plan that the price buys, or None for a price that no plan knows."""
        return plan_of(self.stripe_price_id, self.lookup_key)

    @property
    def plan_name(self) -> str | None:
        """What the plan is called; None for a price that no plan knows."""
        return self.plan.name if self.plan else None

    @property
    def has_ended(self) -> bool:
        """It is over for good; a new one would have to be bought."""
        return self.status in ENDED_STATUSES

    @property
    def is_canceling(self) -> bool:
        """It will end: flexible billing sets `cancel_at` alone, classic billing the flag."""
        return not self.has_ended and (self.cancel_at_period_end or self.cancel_at is not None)

    @property
    def ends_at(self) -> datetime | None:
        """When a canceling subscription ends."""
        return (self.cancel_at or self.current_period_end) if self.is_canceling else None

    @property
    def is_trialing(self) -> bool:
        return self.status == SubscriptionStatus.TRIALING

    @property
    def needs_payment(self) -> bool:
        """An open invoice keeps it from being in order."""
        return self.status in NEED_PAYMENT

    @property
    def grants_access(self) -> bool:
        """Whether it gives its plan's role now, the grace after a failed renewal counted in."""
        return decide_by_subscription(self, utcnow()).role.rank > 0  # type: ignore[arg-type]
