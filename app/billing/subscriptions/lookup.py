"""Which of a user's mirrored subscriptions counts."""

from typing import Any

import sqlalchemy as sa

from app.auth.models import User
from app.billing.gateway.account import StripeScope
from app.billing.models.subscription import Subscription
from app.billing.statuses import ENDED_STATUSES
from app.database import db


def live_subscriptions(user: User, scope: StripeScope) -> list[Subscription]:
    """The user's mirrored subscriptions that are not over."""
    live = _subscriptions_of(user, scope).where(Subscription.status.not_in(ENDED_STATUSES))
    return list(db.session.scalars(live))


def subscriptions_of_plans(user: User, scope: StripeScope) -> list[Subscription]:
    """Those of them that are for a plan of ours, of today or of once: the customer may pay for other things too."""
    return [row for row in live_subscriptions(user, scope) if row.plan_name is not None]


def subscription_to_change(user: User, scope: StripeScope) -> Subscription | None:
    """The one that another plan would take the place of: the highest of those for a plan of ours, None without any."""
    return max(subscriptions_of_plans(user, scope), key=_rank, default=None)


def live_subscription(user: User, scope: StripeScope) -> Subscription | None:
    """The user's subscription that is not over; of several, the one with the highest plan.

    It may be for something that is no plan of ours.
    """
    return max(live_subscriptions(user, scope), key=_rank, default=None)


def billed_currency(user: User, scope: StripeScope) -> str | None:
    """The currency that Stripe keeps the user to; None for somebody without a subscription that is not over."""
    subscription = live_subscription(user, scope)
    return subscription.currency if subscription else None


def latest_subscription(user: User, scope: StripeScope) -> Subscription | None:
    """The user's live subscription, or else the one that ended last: what the account page tells about."""
    ended = _subscriptions_of(user, scope).order_by(Subscription.ended_at.desc())
    return live_subscription(user, scope) or db.session.scalar(ended.limit(1))


def _subscriptions_of(user: User, scope: StripeScope) -> sa.Select[Any]:
    return sa.select(Subscription).where(Subscription.user_id == user.id, scope.covers(Subscription))


def _rank(subscription: Subscription) -> tuple[bool, int]:
    return subscription.grants_access, subscription.role_rank
