"""The one place that decides a user's role, from the mirror, the orders and the operator's grants."""

import uuid
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.auth.models import User
from app.billing.catalog.entitlements import RoleDecision, decide_by_subscription
from app.billing.catalog.plans import Role, current_catalog
from app.billing.changes import Changes
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Order
from app.billing.models.roles import Grant, RoleChange
from app.billing.models.subscription import Subscription
from app.billing.statuses import ENDED_STATUSES, OrderState
from app.database import db, utcnow

# How long an expired role is believed while Stripe cannot be asked about it.
MAX_STALE_ACCESS = timedelta(days=3)

Sources = tuple[sa.Select[Subscription], sa.Select[Order], sa.Select[Grant]]


def sources(of_user: sa.ColumnElement[uuid.UUID]) -> Sources:
    """What a role can rest on: the user's subscriptions, orders and grants that count.

    Their parameters are those of `sources_of`.
    """
    subscriptions = sa.select(Subscription).where(
        Subscription.user_id == of_user,
        Subscription.stripe_account == sa.bindparam("scope_account"),
        Subscription.livemode == sa.bindparam("scope_livemode"),
        *(Subscription.status != status.value for status in sorted(ENDED_STATUSES)),
    )
    orders = sa.select(Order).where(
        Order.user_id == of_user,
        Order.stripe_account == sa.bindparam("scope_account"),
        Order.livemode == sa.bindparam("scope_livemode"),
        Order.interval.is_(None),
        # Written out: SQLite would plan anew for each value that the partial index on `state` might fit.
        Order.state == sa.literal_column(f"'{OrderState.FULFILLED.value}'"),
    )
    grants = sa.select(Grant).where(
        Grant.user_id == of_user,
        Grant.revoked_at.is_(None),
        sa.or_(Grant.until.is_(None), Grant.until > sa.bindparam("at")),
    )
    return subscriptions, orders, grants


# Built once: every event asks for all three.
SUBSCRIPTIONS, ORDERS, GRANTS = sources(sa.bindparam("of_user"))


def decide_role(user: User, scope: StripeScope, *, believe_expired: bool = True) -> RoleDecision:
    """Decide from everything we know of this user; the highest role wins.

    With `believe_expired` false, a subscription whose paid time and grace are over counts for nothing.
    """
    sought = sources_of(user.id, scope)
    candidates = [*_from_subscriptions(sought, believe_expired), *_from_orders(sought), *_from_grants(sought)]
    return max(candidates, key=lambda decision: decision.strength, default=nothing())


def nothing() -> RoleDecision:
    """What somebody has who has paid for nothing and was given nothing."""
    return RoleDecision(current_catalog().lowest_role, "nothing paid or granted")


def sources_of(user_id: uuid.UUID, scope: StripeScope) -> dict[str, Any]:
    """The parameters of `SUBSCRIPTIONS`, `ORDERS` and `GRANTS` for this user, now."""
    return {"of_user": user_id, "scope_account": scope.stripe_account, "scope_livemode": scope.livemode, "at": utcnow()}


def set_role(user: User, decision: RoleDecision, scope: StripeScope, cause: str) -> RoleChange | None:
    """Write the role decided in this scope on the user's (locked) row; a change is an audit row, which is returned."""
    before = user.role
    user.role, user.role_rank, user.plan_key = decision.role.key, decision.role.rank, decision.plan_key
    user.role_expires_at = decision.expires_at
    user.role_recheck_at = None
    user.role_scope = scope.name
    if before == decision.role.key:
        return None
    change = RoleChange(**decision.audit(user.id, before, cause))
    db.session.add(change)
    return change


def apply_role(user: User, scope: StripeScope, cause: str, *, believe_expired: bool = True) -> RoleChange | None:
    """Decide and write the role of a (locked) user."""
    db.session.flush()
    return set_role(user, decide_role(user, scope, believe_expired=believe_expired), scope, cause)


def role_changes(user: User, scope: StripeScope, cause: str) -> Changes:
    """Decide the role again; the change, for the audit."""
    change = apply_role(user, scope, cause)
    if change is None:
        return {}
    return {"user": {"before": {"role": change.role_before}, "after": {"role": change.role_after}}}


def _from_subscriptions(sought: dict[str, Any], believe_expired: bool) -> list[RoleDecision]:
    now = utcnow()
    decisions = [decide_by_subscription(row, now) for row in db.session.scalars(SUBSCRIPTIONS, sought)]
    if believe_expired:
        return decisions
    else:
        return [d for d in decisions if d.expires_at is None or d.expires_at > now]


def _from_orders(sought: dict[str, Any]) -> list[RoleDecision]:
    return [
        RoleDecision(role_of_order(order), f"order of {order.plan_key}", str(order.id), plan_key=order.plan_key)
        for order in db.session.scalars(ORDERS, sought)
    ]


def role_of_order(order: Order) -> Role:
    """The role that a one-time order gives: its plan's, or, once that has gone, the one it was sold with."""
    catalog = current_catalog()
    plan = catalog.plan(order.plan_key)
    if plan:
        return catalog.role(plan.role)
    else:
        return catalog.role(order.role or catalog.lowest_role.key, order.role_rank)


def _from_grants(sought: dict[str, Any]) -> list[RoleDecision]:
    catalog = current_catalog()
    return [
        RoleDecision(
            catalog.role(grant.role, grant.role_rank), "grant by the operator", f"grant {grant.id}", grant.until
        )
        for grant in db.session.scalars(GRANTS, sought)
    ]


def role_of(user: User) -> Role:
    """The role that stands on the user's row."""
    return current_catalog().role(user.role, user.role_rank)


def cause_of(user: User, decision: RoleDecision) -> RoleChange | None:
    """The audit's last row about what this decision rests on; None where that changed nothing when it came."""
    rests_on_it = RoleChange.object_id.is_not_distinct_from(decision.object_id)
    query = sa.select(RoleChange).where(RoleChange.user_id == user.id, rests_on_it)
    found: RoleChange | None = db.session.scalar(query.order_by(RoleChange.id.desc()).limit(1))
    return found
