"""Sync one subscription: the only writer of the mirror."""

import logging
from datetime import datetime
from typing import Any

from app.auth.models import User
from app.billing.asking import ask
from app.billing.changes import Changes, Effect, difference
from app.billing.customers import link_customer_of
from app.billing.errors import StripeObjectMissing
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import SubscriptionObject
from app.billing.gateway.read import retrieve
from app.billing.models.subscription import Subscription
from app.billing.roles.decision import role_changes
from app.billing.statuses import SubscriptionStatus
from app.billing.subscriptions.amounts import in_own_currency
from app.billing.subscriptions.snapshot import SubscriptionSnapshot
from app.billing.subscriptions.unpaid import bought_at, with_unpaid_time
from app.database import db, utcnow

logger = logging.getLogger(__name__)


def sync_subscription(
    user: User, subscription_id: str, scope: StripeScope, *, cause: str, not_before: datetime | None = None
) -> Effect:
    """Read a subscription of this (locked) user from Stripe and mirror it, inside `ask_then_lock`.

    One that Stripe no longer has counts as canceled. Raises `StripeUnavailable` when Stripe cannot be asked.
    """
    read_at = max(utcnow().replace(microsecond=0), not_before or utcnow().replace(microsecond=0))
    try:
        found = ask(retrieve, SubscriptionObject, subscription_id, scope)
    except StripeObjectMissing:
        return Effect(changes=_end_missing(user, subscription_id, read_at, scope, cause))
    return mirror(user, found, scope, cause=cause, read_at=read_at)


def mirror(
    user: User, found: SubscriptionObject, scope: StripeScope, *, cause: str, read_at: datetime | None = None
) -> Effect:
    """Write what Stripe just answered about a subscription of this (locked) user."""
    snapshot = with_unpaid_time(SubscriptionSnapshot.of(in_own_currency(found, scope)), scope)
    read_at = read_at or utcnow().replace(microsecond=0)
    return Effect(changes=write_snapshot(user, snapshot, read_at, scope, cause=cause))


def write_snapshot(
    user: User, snapshot: SubscriptionSnapshot, snapshot_at: datetime, scope: StripeScope, *, cause: str
) -> Changes:
    """Write a snapshot and the role that follows; return what changed, before and after."""
    row = stored_subscription(snapshot.stripe_subscription_id)
    values = snapshot.values() | _remembered(snapshot, row, scope)
    before = {name: getattr(row, name) for name in values} if row else {}
    if row is None:
        link_customer_of(user.id, snapshot.stripe_customer_id, scope)
        row = Subscription(
            user_id=user.id,
            stripe_account=scope.stripe_account,
            livemode=scope.livemode,
            snapshot_at=snapshot_at,
            **values,
        )
        db.session.add(row)
    else:
        for name, value in values.items():
            setattr(row, name, value)
        row.snapshot_at = max(row.snapshot_at, snapshot_at)
        # It may be another answer of the same second.
        row.next_asked_for = None
    _warn_of_unknown_price(row)
    return _changes(user, row, before, values, scope, cause)


def end_subscription(row: Subscription, at: datetime) -> dict[str, Any]:
    """Mark a subscription ended that Stripe no longer has; return what changed."""
    before = {"status": row.status, "ended_at": row.ended_at}
    row.status, row.ended_at = SubscriptionStatus.CANCELED.value, at
    row.snapshot_at = max(row.snapshot_at, at)
    return difference(before, {"status": row.status, "ended_at": at})


def _changes(
    user: User, row: Subscription, before: dict[str, Any], values: dict[str, Any], scope: StripeScope, cause: str
) -> Changes:
    change = difference(before, values)
    return ({row.stripe_subscription_id: change} if change else {}) | role_changes(user, scope, cause)


def stored_subscription(subscription_id: str) -> Subscription | None:
    """The mirror's row as it is now that the user is locked, not as it was when first looked at."""
    row: Subscription | None = db.session.get(Subscription, subscription_id, populate_existing=True)
    return row


def _end_missing(user: User, subscription_id: str, at: datetime, scope: StripeScope, cause: str) -> Changes:
    row = stored_subscription(subscription_id)
    if row is None or row.has_ended:
        return {}
    changes = {subscription_id: end_subscription(row, at)}
    return changes | role_changes(user, scope, cause)


def _remembered(snapshot: SubscriptionSnapshot, row: Subscription | None, scope: StripeScope) -> dict[str, Any]:
    """What a price bought that the catalogue knows no more: the plan may be retired, or its key on a newer price.

    Stripe takes the lookup key off the old price, but those who subscribed at it still pay for the same plan.
    """
    if snapshot.plan_key or snapshot.stripe_price_id is None:
        return {}
    same_price = row if row and row.stripe_price_id == snapshot.stripe_price_id else None
    known = same_price or bought_at(snapshot.stripe_price_id, scope)
    return {"plan_key": known.plan_key, "role": known.role, "role_rank": known.role_rank} if known else {}


def _warn_of_unknown_price(row: Subscription) -> None:
    if not row.has_ended and row.role is None:
        logger.warning(
            "Subscription %s has price %s, which no plan knows: it grants nothing.",
            row.stripe_subscription_id,
            row.stripe_price_id,
        )
