"""What a price and a subscription's status give: the plan, its role, and until when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from flask import current_app

from app.billing.catalog.plans import PLANS_BY_KEY, PRICES, PRICES_BY_LOOKUP_KEY, Plan, Price, Role
from app.billing.statuses import SubscriptionStatus


class SubscriptionState(Protocol):
    """What of a subscription matters for the role; the mirror's rows and snapshots both have it."""

    @property
    def stripe_subscription_id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def stripe_price_id(self) -> str | None: ...
    @property
    def lookup_key(self) -> str | None: ...
    @property
    def current_period_start(self) -> datetime | None: ...
    @property
    def current_period_end(self) -> datetime | None: ...


@dataclass(frozen=True)
class RoleDecision:
    """A role, when it ends unless something renews it, and why: the rule and the object it rests on."""

    role: Role
    rule: str
    object_id: str | None = None
    expires_at: datetime | None = None

    @property
    def strength(self) -> tuple[int, float]:
        """Higher roles first, and of equal ones the longer."""
        return self.role.rank, float("inf") if self.expires_at is None else self.expires_at.timestamp()


def decide_by_subscription(subscription: SubscriptionState, now: datetime) -> RoleDecision:
    """What one subscription gives: contract section 5's table."""
    plan = plan_of(subscription.stripe_price_id, subscription.lookup_key)
    object_id = subscription.stripe_subscription_id
    if plan is None:
        return RoleDecision(Role.FREE, "price of no plan", object_id)
    elif subscription.status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING):
        ends_at = _plus_grace(subscription.current_period_end)
        return RoleDecision(plan.role, f"subscription {subscription.status}", object_id, ends_at)
    elif subscription.status == SubscriptionStatus.PAST_DUE:
        # The period moved on when the renewal came due, so its start is when the unpaid time began.
        ends_at = _plus_grace(subscription.current_period_start)
        in_grace = ends_at is not None and now < ends_at
        rule = "subscription past_due, in grace" if in_grace else "subscription past_due, grace over"
        return RoleDecision(plan.role if in_grace else Role.FREE, rule, object_id, ends_at if in_grace else None)
    else:
        return RoleDecision(Role.FREE, f"subscription {subscription.status}", object_id)


def _plus_grace(moment: datetime | None) -> datetime | None:
    days: int = current_app.extensions["settings"].past_due_grace_days
    return None if moment is None else moment + timedelta(days=days)


def plan_of(stripe_price_id: str | None, lookup_key: str | None) -> Plan | None:
    """The plan that this price buys, by the configured price id or else by lookup key; None if no plan knows it."""
    price = _configured().get(stripe_price_id or "") or PRICES_BY_LOOKUP_KEY.get(lookup_key or "")
    return PLANS_BY_KEY[price.plan_key] if price else None


def _configured() -> dict[str, Price]:
    settings = current_app.extensions["settings"]
    known: dict[str, Price] | None = current_app.extensions.get("configured_prices")
    if known is None:
        known = {getattr(settings, price.setting): price for price in PRICES if getattr(settings, price.setting)}
        current_app.extensions["configured_prices"] = known
    return known
