"""Repairing what we keep of Stripe, and the report of who has access without paying, or the reverse."""

import logging
import uuid
from collections.abc import Callable
from functools import partial

import sqlalchemy as sa

from app.auth.models import User
from app.billing.asking import ask, ask_then_lock
from app.billing.catalog.plans import current_catalog
from app.billing.changes import Changes
from app.billing.customers import customer_of, lock_user
from app.billing.errors import BillingError, StripeObjectMissing, StripeUnavailable
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.gateway.objects import SubscriptionObject
from app.billing.gateway.read import subscriptions_of
from app.billing.models.payments import Order
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.billing.reconcile.drift import DriftReport, UserDrift
from app.billing.reconcile.orders import (
    sessions_of_deleted_users,
    settle_pending_orders,
    settle_session_of_deleted_user,
)
from app.billing.reconcile.payments import payments_at_stripe, repair_payments
from app.billing.roles.decision import role_changes, role_of
from app.billing.statuses import OrderState
from app.billing.subscriptions.lookup import live_subscriptions
from app.billing.subscriptions.next_charge import note_next_charge
from app.billing.subscriptions.sync import mirror, sync_subscription
from app.database import db

logger = logging.getLogger(__name__)


def sync_user(user: User, *, cause: str = "sync", with_payments: bool = False) -> Changes:
    """Settle the open orders, mirror every subscription of this user, and decide the role again. Commits.

    The payments are compared too if asked for: access does not wait for that. Raises `StripeUnavailable` when Stripe
    cannot be asked; then nothing is changed.
    """
    scope, user_id = current_scope(), user.id
    drift = ask_then_lock(lambda: _compare(user_id, scope, cause, with_payments=with_payments))
    db.session.commit()
    return drift.all_changes if drift else {}


def sync_all(
    *, dry_run: bool = False, email: str | None = None, on_progress: Callable[[], None] | None = None
) -> DriftReport:
    """Reconcile every user that Stripe knows (or the one with this address); one that fails stops no other.

    With `dry_run` the report is the same and nothing is written. Raises `StripeUnavailable` when Stripe cannot be
    asked at all.
    """
    report = DriftReport()
    scope = current_scope()
    for user_id in users_to_sync(scope, email):
        try:
            drift = ask_then_lock(partial(_compare, user_id, scope, "sync", with_payments=True))
            _commit_unless_dry_run(dry_run)
            if drift:
                report.add(drift)
        except BillingError as error:
            db.session.rollback()
            logger.warning("User %s could not be compared with Stripe: %s", user_id, error)
            report.failed.append(str(user_id))
            if isinstance(error, StripeUnavailable) and len(report.failed) >= 3 and report.checked == 0:
                raise
        if on_progress:
            on_progress()
    if email is None:
        _reconcile_deleted_users(scope, report, dry_run)
    return report


def users_to_sync(scope: StripeScope, email: str | None = None) -> list[uuid.UUID]:
    """The users with a customer, a subscription, an open order or a paid role; by id."""
    with_customer = sa.select(StripeCustomer.user_id).where(scope.covers(StripeCustomer))
    with_subscription = sa.select(Subscription.user_id).where(
        scope.covers(Subscription), Subscription.user_id.is_not(None)
    )
    with_order = sa.select(Order.user_id).where(
        scope.covers(Order), Order.state == OrderState.PENDING, Order.user_id.is_not(None)
    )
    known = (User.id.in_(with_customer), User.id.in_(with_subscription), User.id.in_(with_order))
    query = sa.select(User.id).where(sa.or_(*known, User.role != current_catalog().lowest_role.key))
    if email:
        query = sa.select(User.id).where(User.email == email)
    return list(db.session.scalars(query.order_by(User.id)))


def _compare(user_id: uuid.UUID, scope: StripeScope, cause: str, *, with_payments: bool) -> UserDrift | None:
    """Repair what we keep of this user, and tell how it differed; None when the account is gone. Locks the user."""
    user = lock_user(user_id)
    if user is None:
        return None
    before = role_of(user)
    changes = _sync_locked(user, scope, cause)
    at_stripe = payments_at_stripe(user_id, scope) if with_payments else None
    repaired = repair_payments(user, at_stripe, scope, cause=cause) if at_stripe else {}
    live = live_subscriptions(user, scope)
    for row in live if with_payments else []:
        note_next_charge(row, scope)
    unknown = [row.stripe_subscription_id for row in live if row.role is None]
    return UserDrift(user.email, before, role_of(user), changes, repaired, len(live), unknown)


def _reconcile_deleted_users(scope: StripeScope, report: DriftReport, dry_run: bool) -> None:
    """What was paid for accounts that are gone, with the webhook lost too."""
    for session_id in sessions_of_deleted_users(scope):
        name = f"a deleted user ({session_id})"
        try:
            changes = ask_then_lock(partial(settle_session_of_deleted_user, session_id, scope, cause="sync"))
            _commit_unless_dry_run(dry_run)
            if changes:
                report.settled_orders.append(name)
        except BillingError as error:
            db.session.rollback()
            logger.warning("%s could not be compared with Stripe: %s", session_id, error)
            report.failed.append(name)


def _commit_unless_dry_run(dry_run: bool) -> None:
    if dry_run:
        db.session.rollback()
    else:
        db.session.commit()


def _sync_locked(user: User, scope: StripeScope, cause: str) -> Changes:
    changes = settle_pending_orders(user, scope, cause=cause)
    found = _subscriptions_at_stripe(user, scope)
    for subscription in found:
        changes |= mirror(user, subscription, scope, cause=cause).changes
    seen = {subscription.id for subscription in found}
    for row in live_subscriptions(user, scope):
        if row.stripe_subscription_id not in seen:
            changes |= sync_subscription(user, row.stripe_subscription_id, scope, cause=cause).changes
    return changes | role_changes(user, scope, cause)


def _subscriptions_at_stripe(user: User, scope: StripeScope) -> list[SubscriptionObject]:
    customer = customer_of(user.id, scope)
    if customer is None:
        return []
    try:
        return ask(subscriptions_of, customer, scope)
    except StripeObjectMissing:
        return []
