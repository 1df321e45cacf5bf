"""A paid role past its end: Stripe is asked once before it is taken away."""

import logging
from datetime import timedelta

import sqlalchemy as sa

from app.auth.models import User
from app.billing.catalog.plans import Role, current_catalog
from app.billing.customers import lock_user
from app.billing.errors import BillingError
from app.billing.gateway.account import current_scope
from app.billing.reconcile.users import sync_user
from app.billing.roles.decision import MAX_STALE_ACCESS, apply_role, role_of
from app.database import begin_write, db, utcnow

logger = logging.getLogger(__name__)
ASK_AGAIN_AFTER = timedelta(minutes=5)


def current_role(user: User) -> Role:
    """The role that counts now. It stands on the user's row; only past its end is Stripe asked."""
    now = utcnow()
    if (
        user.role == current_catalog().lowest_role.key
        or user.role_expires_at is None
        or now < user.role_expires_at
        or (user.role_recheck_at and now < user.role_recheck_at)
    ):
        return role_of(user)
    else:
        return _recheck(user)


def _recheck(user: User) -> Role:
    """Ask Stripe about an expired role; one request asks, the others go by the old role meanwhile."""
    begin_write()
    expired_at = user.role_expires_at
    if expired_at is None or not _claim_recheck(user):
        return role_of(user)
    try:
        sync_user(user, cause="role expired")
        _settle(user, believe_expired=True)
    except BillingError as error:
        db.session.rollback()
        logger.warning("An expired role could not be checked: %s", error)
        if utcnow() > expired_at + MAX_STALE_ACCESS:
            _settle(user, believe_expired=False)
    return role_of(user)


def _claim_recheck(user: User) -> bool:
    now = utcnow()
    turn = (
        sa.update(User)
        .where(User.id == user.id, sa.or_(User.role_recheck_at.is_(None), User.role_recheck_at <= now))
        .values(role_recheck_at=now + ASK_AGAIN_AFTER)
    )
    taken = db.session.scalar(turn.returning(User.id)) is not None
    db.session.commit()
    return taken


def _settle(user: User, *, believe_expired: bool) -> None:
    """Write the decision; one that Stripe confirms past its time holds for a while, and is then asked about again."""
    locked = lock_user(user.id)
    if locked:
        apply_role(locked, current_scope(), "role expired", believe_expired=believe_expired)
        if locked.role_expires_at and locked.role_expires_at <= utcnow():
            locked.role_expires_at = utcnow() + ASK_AGAIN_AFTER
    db.session.commit()
