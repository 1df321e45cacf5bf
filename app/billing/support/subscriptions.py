"""Ending a subscription for somebody, and giving them some days more."""

from datetime import datetime, timedelta
from typing import Any

from app.audit import Act, ActKind, recorded
from app.auth.models import User
from app.billing.errors import CannotBeDone, StripeObjectMissing, StripeRefused
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.objects import DiscountObject
from app.billing.models.subscription import Subscription
from app.billing.reconcile.users import sync_user
from app.billing.statuses import SubscriptionStatus
from app.billing.subscriptions.lookup import subscription_to_change
from app.database import db, end_transaction, utcnow

# Stripe takes a trial of at most two years: https://docs.stripe.com/api/subscriptions/update
LONGEST_EXTENSION = 730


def subscription_of(user: User, scope: StripeScope) -> Subscription:
    """The subscription that an operator can change; raise `CannotBeDone` where there is none."""
    found = subscription_to_change(user, scope)
    if found is None:
        raise CannotBeDone(f"{user.email} has no subscription.")
    return found


def cancel_subscription(user: User, scope: StripeScope, *, now: bool, actor: str, reason: str = "") -> Subscription:
    """End the user's subscription with its period, or at once, and mirror that. Commits.

    Nothing is given back: that is a refund. Raises `CannotBeDone` without a subscription that could be ended, and
    `StripeUnavailable` when Stripe cannot be asked; then nothing is changed.
    https://docs.stripe.com/api/subscriptions/cancel
    """
    subscription = subscription_of(user, scope)
    if not now and subscription.is_canceling:
        raise CannotBeDone("It is set to end already.")
    return _change(
        user,
        subscription,
        Act(ActKind.CANCEL, actor, user.id, subscription.stripe_subscription_id, reason),
        scope,
        None if now else {"cancel_at_period_end": True},
    )


def extend_subscription(user: User, scope: StripeScope, *, days: int, actor: str, reason: str = "") -> Subscription:
    """Have the next charge come so many days later: a longer trial, or days that cost nothing. Commits.

    Stripe calls such days a trial: https://docs.stripe.com/billing/subscriptions/billing-cycle#add-a-trial. Raises as
    `cancel_subscription` does, also for a subscription that waits for a payment or is set to end.
    """
    subscription = subscription_of(user, scope)
    if not 1 <= days <= LONGEST_EXTENSION:
        raise CannotBeDone(f"The days have to be 1 to {LONGEST_EXTENSION}.")
    return _change(
        user,
        subscription,
        Act(ActKind.EXTEND, actor, user.id, subscription.stripe_subscription_id, reason),
        scope,
        {"trial_end": int(extended_until(subscription, days).timestamp()), "proration_behavior": "none"},
    )


def pause_payments(
    user: User, scope: StripeScope, *, until: datetime | None, actor: str, reason: str = ""
) -> Subscription:
    """Charge nothing until a moment (UTC), or until it is resumed; the subscription and what it gives go on. Commits.

    Invoices of that time are void: https://docs.stripe.com/billing/subscriptions/pause-payment. Raises as
    `cancel_subscription` does.
    """
    subscription = subscription_of(user, scope)
    paused: dict[str, Any] = {"behavior": "void"} | ({"resumes_at": int(until.timestamp())} if until else {})
    act = Act(ActKind.PAUSE, actor, user.id, subscription.stripe_subscription_id, reason)
    return _change(user, subscription, act, scope, {"pause_collection": paused})


def resume_payments(user: User, scope: StripeScope, *, actor: str, reason: str = "") -> Subscription:
    """Charge again what comes due from now on. Commits; raises as `cancel_subscription` does."""
    subscription = subscription_of(user, scope)
    if not subscription.is_collection_paused:
        raise CannotBeDone("Its payments are not paused.")
    act = Act(ActKind.RESUME, actor, user.id, subscription.stripe_subscription_id, reason)
    return _change(user, subscription, act, scope, {"pause_collection": ""})


def apply_coupon(user: User, scope: StripeScope, *, coupon: str, actor: str, reason: str = "") -> Subscription:
    """Take a coupon of Stripe's off the next charges, beside what is taken off already. Commits.

    One that is taken off already is not taken off twice. Raises as `cancel_subscription` does, also for a coupon that
    Stripe does not know.
    """
    subscription = subscription_of(user, scope)
    subscription_id, gateway = subscription.stripe_subscription_id, get_gateway()
    end_transaction()
    with gateway.errors():
        params = {"expand": ["discounts"]}
        found = gateway.v1.subscriptions.retrieve(subscription_id, params, scope.options()).to_dict()
    discounts = [DiscountObject.read(one) for one in found.get("discounts") or []]
    new = [] if coupon in [one.coupon for one in discounts] else [{"coupon": coupon}]
    act = Act(ActKind.DISCOUNT, actor, user.id, subscription_id, reason)
    return _change(user, subscription, act, scope, {"discounts": [*({"discount": one.id} for one in discounts), *new]})


def extended_until(subscription: Subscription, days: int) -> datetime:
    """When the next charge would come (UTC) if so many days were given; raise `CannotBeDone` where none can be."""
    paid_until = subscription.current_period_end
    may_grow = subscription.status in (SubscriptionStatus.ACTIVE, SubscriptionStatus.TRIALING)
    if not may_grow or paid_until is None or paid_until <= utcnow():
        raise CannotBeDone("Only a subscription that is paid for, or on trial, can be extended.")
    elif subscription.is_canceling:
        raise CannotBeDone("It is set to end: it has to be renewed first.")
    return paid_until + timedelta(days=days)


def _change(
    user: User, subscription: Subscription, act: Act, scope: StripeScope, params: dict[str, Any] | None
) -> Subscription:
    """Change the subscription at Stripe, or cancel it when there are no parameters, and mirror what came of it."""
    before = _told(subscription)
    end_transaction()
    with recorded(act):
        refusal = _ask_stripe(act.subject, params, scope)
        # Also after a refusal: what was asked for may have been done before, and nobody heard of it.
        sync_user(user, cause=f"{act.kind.value} by {act.actor}")
        db.session.refresh(subscription)
        if refusal and not (params is None and subscription.has_ended):
            raise refusal
        act.changes = {"subscription": {"before": before, "after": _told(subscription)}}
    return subscription


def _ask_stripe(subscription_id: str, params: dict[str, Any] | None, scope: StripeScope) -> CannotBeDone | None:
    """Ask Stripe for it; what it refuses is returned."""
    gateway = get_gateway()
    try:
        with gateway.errors():
            if params is None:
                gateway.v1.subscriptions.cancel(subscription_id, {}, scope.options())
            else:
                gateway.v1.subscriptions.update(subscription_id, params, scope.options())
    except (StripeRefused, StripeObjectMissing) as refusal:
        return CannotBeDone(f"Stripe refuses: {refusal}")
    return None


def _told(subscription: Subscription) -> dict[str, Any]:
    """What the audit keeps of a subscription."""
    ends_at, charged_at = subscription.ends_at, subscription.current_period_end
    return {
        "status": subscription.status,
        "current_period_end": charged_at.isoformat() if charged_at else None,
        "ends_at": ends_at.isoformat() if ends_at else None,
        "payments": "paused" if subscription.is_collection_paused else "collected",
    }
