"""The only writer of the subscription mirror, and of the roles that follow from it."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.auth.models import User
from app.billing.accounts import Home
from app.billing.catalogue import remembered_lookup_key
from app.billing.customers import link_customer, owner_of
from app.billing.effects import IGNORED, Changes, Effect, difference
from app.billing.errors import IncompleteSnapshot, StripeObjectMissing
from app.billing.gateway import get_gateway
from app.billing.incoming import Event
from app.billing.models import Subscription
from app.billing.prices import plan_of
from app.billing.roles import lock_user, role_changes
from app.billing.snapshots import SubscriptionSnapshot
from app.billing.statuses import ENDED_STATUSES, SubscriptionStatus
from app.database import db, utcnow

logger = logging.getLogger(__name__)


def sync_from_event(event: Event, home: Home) -> Effect:
    """Mirror the subscription that an event is about.

    The event's own snapshot is taken when it is certainly newer than the mirror; otherwise Stripe is asked.
    An event of somebody else's subscription is ignored, at no cost.
    """
    subscription_id = event.object_id
    row = db.session.get(Subscription, subscription_id)
    user_id = row.user_id if row else owner_of(event.object, home)
    user = lock_user(user_id) if user_id else None
    if user is None:
        return IGNORED
    row = _stored(subscription_id)
    snapshot = certain_snapshot(event, row)
    if snapshot is None:
        return sync_subscription(user, subscription_id, home, cause=event.id, not_before=event.created_at)
    else:
        return Effect(changes=write_snapshot(user, snapshot, event.created_at, home, cause=event.id))


def sync_subscription(
    user: User, subscription_id: str, home: Home, *, cause: str, not_before: datetime | None = None
) -> Effect:
    """Read a subscription of this (locked) user from Stripe and mirror it.

    One that Stripe no longer has counts as canceled. Raises `StripeUnavailable` when Stripe cannot be asked.
    """
    read_at = max(utcnow().replace(microsecond=0), not_before or utcnow().replace(microsecond=0))
    try:
        found = get_gateway().retrieve("subscription", subscription_id)
    except StripeObjectMissing:
        return Effect(changes=_end_missing(user, subscription_id, read_at, home, cause))
    return mirror(user, found, home, cause=cause, read_at=read_at)


def mirror(user: User, found: Mapping[str, Any], home: Home, *, cause: str, read_at: datetime | None = None) -> Effect:
    """Write what Stripe just answered about a subscription of this (locked) user."""
    snapshot = SubscriptionSnapshot.read(found)
    read_at = read_at or utcnow().replace(microsecond=0)
    return Effect(changes=write_snapshot(user, snapshot, read_at, home, cause=cause))


def certain_snapshot(event: Event, row: Subscription | None) -> SubscriptionSnapshot | None:
    """The event's snapshot when it may be taken as it is; None when Stripe has to be asked.

    Events of one second have no order, so only a later second is certainly newer. Nothing is ever dropped for being
    old: Stripe's clock need not be ours, and a question is cheap. What has ended does not live again, whatever an
    event's time says.
    """
    if row is None or row.status in ENDED_STATUSES:
        return None
    if not event.is_current_version or event.created_at <= row.snapshot_at:
        return None
    try:
        return SubscriptionSnapshot.read(event.object)
    except IncompleteSnapshot:
        return None


def write_snapshot(
    user: User, snapshot: SubscriptionSnapshot, snapshot_at: datetime, home: Home, *, cause: str
) -> Changes:
    """Write a snapshot and the role that follows; return what changed, before and after."""
    row = _stored(snapshot.stripe_subscription_id)
    values = snapshot.values() | {"lookup_key": _lookup_key(snapshot, row)}
    before = {name: getattr(row, name) for name in values} if row else {}
    if row is None:
        link_customer(user.id, snapshot.stripe_customer_id, home)
        row = Subscription(
            user_id=user.id,
            stripe_account=home.stripe_account,
            livemode=home.livemode,
            snapshot_at=snapshot_at,
            **values,
        )
        db.session.add(row)
    else:
        for name, value in values.items():
            setattr(row, name, value)
        row.snapshot_at = max(row.snapshot_at, snapshot_at)
    _warn_of_unknown_price(row)
    return _changes(user, row, before, values, home, cause)


def end_subscription(row: Subscription, at: datetime) -> dict[str, Any]:
    """Mark a subscription ended that Stripe no longer has; return what changed."""
    before = {"status": row.status, "ended_at": row.ended_at}
    row.status, row.ended_at = SubscriptionStatus.CANCELED.value, at
    row.snapshot_at = max(row.snapshot_at, at)
    return difference(before, {"status": row.status, "ended_at": at})


def _changes(
    user: User, row: Subscription, before: dict[str, Any], values: dict[str, Any], home: Home, cause: str
) -> Changes:
    change = difference(before, values)
    return ({row.stripe_subscription_id: change} if change else {}) | role_changes(user, home, cause)


def _stored(subscription_id: str) -> Subscription | None:
    """The mirror's row as it is now that the user is locked, not as it was when first looked at."""
    row: Subscription | None = db.session.get(Subscription, subscription_id, populate_existing=True)
    return row


def _end_missing(user: User, subscription_id: str, at: datetime, home: Home, cause: str) -> Changes:
    row = _stored(subscription_id)
    if row is None or row.has_ended:
        return {}
    changes = {subscription_id: end_subscription(row, at)}
    return changes | role_changes(user, home, cause)


def _lookup_key(snapshot: SubscriptionSnapshot, row: Subscription | None) -> str | None:
    """The price's lookup key, or the one it had before a newer price took the key over."""
    if plan_of(snapshot.stripe_price_id, snapshot.lookup_key) or snapshot.stripe_price_id is None:
        return snapshot.lookup_key
    elif row and row.stripe_price_id == snapshot.stripe_price_id and row.lookup_key:
        return row.lookup_key
    else:
        return remembered_lookup_key(snapshot.stripe_price_id) or snapshot.lookup_key


def _warn_of_unknown_price(row: Subscription) -> None:
    if not row.has_ended and plan_of(row.stripe_price_id, row.lookup_key) is None:
        logger.warning(
            "Subscription %s has price %s, which no plan knows: it grants nothing.",
            row.stripe_subscription_id,
            row.stripe_price_id,
        )
