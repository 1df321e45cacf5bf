"""What a price and a subscription's status give: the plan, the role, features and limits, and until when."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from flask import current_app

from app.billing.catalog.plans import Plan, Price, Role, current_catalog
from app.billing.statuses import SubscriptionStatus
from app.database import utcnow

NO_PLAN = "price of no plan"


class SubscriptionState(Protocol):
    """What of a subscription matters for the role; the mirror's rows and snapshots both have it.

    `plan_key`, `role` and `role_rank` are what is remembered of a price that was known once. While it is past due,
    `unpaid_since` is when its oldest unpaid invoice came due, and the plan and role that begin with `paid` are what was
    paid for before, until `paid_until`.
    """

    @property
    def stripe_subscription_id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def stripe_price_id(self) -> str | None: ...
    @property
    def lookup_key(self) -> str | None: ...
    @property
    def plan_key(self) -> str | None: ...
    @property
    def role(self) -> str | None: ...
    @property
    def role_rank(self) -> int: ...
    @property
    def current_period_start(self) -> datetime | None: ...
    @property
    def current_period_end(self) -> datetime | None: ...
    @property
    def unpaid_since(self) -> datetime | None: ...
    @property
    def paid_until(self) -> datetime | None: ...
    @property
    def paid_plan_key(self) -> str | None: ...
    @property
    def paid_role(self) -> str | None: ...
    @property
    def paid_role_rank(self) -> int: ...


@dataclass(frozen=True)
class RoleDecision:
    """A role, when it ends unless something renews it, and why: the rule and the object it rests on."""

    role: Role
    rule: str
    object_id: str | None = None
    expires_at: datetime | None = None
    plan_key: str | None = None

    @property
    def strength(self) -> tuple[int, float]:
        """Higher roles first, and of equal ones the longer."""
        return self.role.rank, float("inf") if self.expires_at is None else self.expires_at.timestamp()

    def audit(self, user_id: uuid.UUID, before: str, cause: str) -> dict[str, object]:
        """The columns of the `RoleChange` from the role `before` to this one."""
        return {
            "user_id": user_id,
            "role_before": before,
            "role_after": self.role.key,
            "rule": self.rule,
            "object_id": self.object_id,
            "cause": cause,
            "expires_at": self.expires_at,
            "changed_at": utcnow(),
        }


def price_known_as(stripe_price_id: str | None, lookup_key: str | None) -> Price | None:
    """The catalogue's price for this Stripe price: by the configured id, or else by lookup key; None if it has none."""
    return _configured().get(stripe_price_id or "") or current_catalog().price_of(lookup_key)


def plan_of(stripe_price_id: str | None, lookup_key: str | None) -> Plan | None:
    """The plan that this Stripe price buys, or None if no plan knows it."""
    price = price_known_as(stripe_price_id, lookup_key)
    return current_catalog().plan(price.plan_key) if price else None


def decide_by_subscription(subscription: SubscriptionState, now: datetime) -> RoleDecision:
    """What one subscription gives: contract section 5's table."""
    plan_key, role = _bought(subscription)
    object_id = subscription.stripe_subscription_id
    nothing = current_catalog().lowest_role
    if subscription.status == SubscriptionStatus.PAST_DUE:
        # Also of a price of no plan: what was paid for before it stays.
        given = [_in_grace(subscription, role, plan_key) if role else None, _paid_before(subscription)]
        standing = [one for one in given if one and one.expires_at and now < one.expires_at]
        over = RoleDecision(nothing, "subscription past_due, grace over" if role else NO_PLAN, object_id)
        return max(standing, key=lambda one: one.strength, default=over)
    elif role is None:
        return RoleDecision(nothing, NO_PLAN, object_id)
    elif subscription.status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING):
        ends_at = plus_grace(subscription.current_period_end)
        return RoleDecision(role, f"subscription {subscription.status}", object_id, ends_at, plan_key)
    else:
        return RoleDecision(nothing, f"subscription {subscription.status}", object_id)


def grace_ends_at(subscription: SubscriptionState) -> datetime | None:
    """Until when one that is past due gives what is not paid yet."""
    # Where no invoice is open, the renewal is what is unpaid: the period moved on when it came due.
    return plus_grace(subscription.unpaid_since or subscription.current_period_start)


def _in_grace(subscription: SubscriptionState, role: Role, plan_key: str | None) -> RoleDecision:
    """The plan that is not paid yet, for the days of grace."""
    object_id, ends_at = subscription.stripe_subscription_id, grace_ends_at(subscription)
    return RoleDecision(role, "subscription past_due, in grace", object_id, ends_at, plan_key)


def _paid_before(subscription: SubscriptionState) -> RoleDecision | None:
    """What was paid for before something else was not."""
    catalog = current_catalog()
    plan = catalog.plan(subscription.paid_plan_key)
    if subscription.paid_role is None:
        return None
    role = catalog.role(plan.role) if plan else catalog.role(subscription.paid_role, subscription.paid_role_rank)
    object_id, rule = subscription.stripe_subscription_id, "subscription past_due, paid before"
    return RoleDecision(role, rule, object_id, subscription.paid_until, subscription.paid_plan_key)


def can_use(feature: str, plan_key: str | None, role: Role) -> bool:
    """Whether this plan includes the feature; with no plan, whether any plan of the role does."""
    return any(feature in plan.features for plan in _plans_of(plan_key, role))


def limit_of(name: str, plan_key: str | None, role: Role) -> int | None:
    """The plan's limit of this name; None for no limit. With no plan, the highest among the plans of the role."""
    limits = [plan.limits.get(name) for plan in _plans_of(plan_key, role)]
    known = [limit for limit in limits if limit is not None]
    if not limits:
        return 0
    return max(known) if len(known) == len(limits) else None


def _plans_of(plan_key: str | None, role: Role) -> list[Plan]:
    """The plan; or, for a role that was given by hand or whose plan has gone, every plan that gives this role.

    Where no plan gives it, those of the highest role below: who had a role that was removed keeps what it included.
    """
    catalog = current_catalog()
    plan = catalog.plan(plan_key)
    if plan:
        return [plan]
    ranks = {plan.key: catalog.role(plan.role).rank for plan in catalog.plans}
    highest = max((rank for rank in ranks.values() if rank <= role.rank), default=None)
    return [plan for plan in catalog.plans if ranks[plan.key] == highest]


def _bought(subscription: SubscriptionState) -> tuple[str | None, Role | None]:
    """The plan's key and the role; as remembered where the price, the plan or the role has gone from the catalogue."""
    catalog = current_catalog()
    plan = plan_of(subscription.stripe_price_id, subscription.lookup_key) or catalog.plan(subscription.plan_key)
    if plan:
        return plan.key, catalog.role(plan.role)
    elif subscription.role:
        return subscription.plan_key, catalog.role(subscription.role, subscription.role_rank)
    else:
        return None, None


def _configured() -> dict[str, Price]:
    """The catalogue's prices by the Stripe price ids that the settings name."""
    known: dict[str, Price] | None = current_app.extensions.get("configured_prices")
    if known is None:
        ids = current_app.extensions["settings"].stripe_price_ids
        known = {ids[price.setting]: price for price in current_catalog().prices if ids.get(price.setting)}
        current_app.extensions["configured_prices"] = known
    return known


def plus_grace(moment: datetime | None) -> datetime | None:
    """When access ends that is kept for PAST_DUE_GRACE_DAYS from this moment on."""
    days: int = current_app.extensions["settings"].past_due_grace_days
    return None if moment is None else moment + timedelta(days=days)
