"""The events of subscriptions: the mirror follows, and the role with it."""

from datetime import datetime

from app.auth.models import User
from app.billing.catalog.plans import current_catalog
from app.billing.changes import IGNORED, Effect
from app.billing.customers import lock_user, owner_of
from app.billing.gateway.account import StripeScope
from app.billing.gateway.objects import Owned
from app.billing.models.subscription import Subscription
from app.billing.roles.decision import role_of
from app.billing.subscriptions.next_charge import amount_due_otherwise, note_next_charge
from app.billing.subscriptions.sync import stored_subscription, sync_subscription, write_snapshot
from app.billing.webhooks.event import Event, certain_snapshot
from app.database import db
from app.mail.outbox import queue_mail


def on_subscription_changed(event: Event, scope: StripeScope) -> Effect:
    """Mirror the subscription, set the role.

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


def on_subscription_deleted(event: Event, scope: StripeScope) -> Effect:
    """Mirror the end, and say so once."""
    effect = on_subscription_changed(event, scope)
    row = db.session.get(Subscription, event.object_id)
    if row and row.has_ended:
        _mail_owner(row, "subscription_ended", f"subscription_ended:{row.stripe_subscription_id}")
    return effect


def on_trial_will_end(event: Event, scope: StripeScope) -> Effect:
    """Three days before the first charge: say what it will be, unless there will be none."""
    effect = on_subscription_changed(event, scope)
    row = db.session.get(Subscription, event.object_id)
    if row and row.is_trialing and row.trial_end and row.is_charged_again and not row.skips_next_charge:
        note_next_charge(row, scope)
        _mail_owner(row, "trial_will_end", f"trial_will_end:{row.stripe_subscription_id}:{row.trial_end.isoformat()}")
    return effect


def _mail_owner(row: Subscription, template: str, cause: str) -> None:
    user = db.session.get(User, row.user_id) if row.user_id else None
    if user:
        context = {
            "plan_name": row.plan_name or "paid",
            "amount": row.amount,
            "currency": row.currency,
            "interval": row.interval,
            "interval_count": row.interval_count,
            "seats": row.seats,
            "next_amount": amount_due_otherwise(row, row.amount),
            "date": _iso(row.ended_at or row.trial_end),
            "may_lack_card": bool(row.plan and not row.plan.trial_needs_card),
            "reason": row.cancellation_reason,
            "keeps": role_of(user).name if user.role_rank > current_catalog().lowest_role.rank else None,
        }
        queue_mail(template, to=user.email, user_id=user.id, cause=cause, context=context)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
