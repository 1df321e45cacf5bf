"""From a subscription's event to the mirror: its snapshot when that is certainly newer, else Stripe's answer."""

from app.billing.changes import IGNORED, Effect
from app.billing.customers import lock_user, owner_of
from app.billing.errors import UnreadableObject
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import Owned, SubscriptionObject
from app.billing.models.subscription import Subscription
from app.billing.statuses import ENDED_STATUSES, SubscriptionStatus
from app.billing.subscriptions.snapshot import SubscriptionSnapshot
from app.billing.subscriptions.sync import stored_subscription, sync_subscription, write_snapshot
from app.billing.webhooks.event import Event, read_snapshot
from app.database import db


def sync_from_event(event: Event, scope: StripeScope) -> Effect:
    """Mirror the subscription that an event is about.

    The event's own snapshot is taken when it is certainly newer than the mirror; otherwise Stripe is asked.
    An event of somebody else's subscription is ignored, at no cost.
    """
    subscription_id = event.object_id
    row = db.session.get(Subscription, subscription_id)
    owned = Owned.of(event.object)
    user_id = row.user_id if row else owner_of(owned.customer, owned.metadata, scope)
    user = lock_user(user_id) if user_id else None
    if user is None:
        return IGNORED
    row = stored_subscription(subscription_id)
    snapshot = certain_snapshot(event, row)
    if snapshot is None:
        return sync_subscription(user, subscription_id, scope, cause=event.id, not_before=event.created_at)
    else:
        return Effect(changes=write_snapshot(user, snapshot, event.created_at, scope, cause=event.id))


def certain_snapshot(event: Event, row: Subscription | None) -> SubscriptionSnapshot | None:
    """The event's snapshot when it may be taken as it is; None when Stripe has to be asked.

    Events of one second have no order, so only a later second is certainly newer. Nothing is ever dropped for being
    old: Stripe's clock need not be ours, and a question is cheap. What has ended does not live again, whatever an
    event's time says.
    """
    if row is None or row.status in ENDED_STATUSES:
        return None
    subscription = read_snapshot(event, SubscriptionObject) if event.created_at > row.snapshot_at else None
    if subscription is None or subscription.status == SubscriptionStatus.PAST_DUE:
        # The invoices say since when something is unpaid, and what is paid for.
        return None
    if subscription.is_priced_otherwise:
        # Only the price itself says what it costs in the subscription's currency.
        return None
    try:
        return SubscriptionSnapshot.of(subscription)
    except UnreadableObject:
        return None
