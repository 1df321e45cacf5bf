"""A paid role past its end: Stripe is asked once before it is taken away.

The user's row says when: at `role_recheck_at` if that is set, else at `role_expires_at`. Where Stripe cannot be asked,
`role_expires_at` lies in the past and `role_recheck_at` says when the question is put again. Where Stripe confirms a
role past its end, no end is known any more, and `role_recheck_at` says when to ask whether that is still so.
"""

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.auth.models import User
from app.billing.customers import lock_user
from app.billing.errors import BillingError
from app.billing.gateway.account import current_scope
from app.billing.reconcile.users import sync_user
from app.billing.roles.decision import MAX_STALE_ACCESS, apply_role
from app.database import db, utcnow

logger = logging.getLogger(__name__)
ASK_AGAIN_AFTER = timedelta(minutes=5)


def is_due(user: User) -> bool:
    """Whether Stripe has to be asked about this user's role now; reads columns alone."""
    due_at = user.role_recheck_at or user.role_expires_at
    return due_at is not None and due_at <= utcnow()


def was_asked_in_vain(user: User) -> bool:
    """Whether the role is past its end and Stripe could not be asked a short while ago."""
    return user.role_expires_at is not None and user.role_recheck_at is not None and user.role_recheck_at > utcnow()


def known_end(user: User) -> datetime | None:
    """When the role ends unless something renews it (UTC); None when no end is known, or none that is still to come."""
    return user.role_expires_at if user.role_expires_at and user.role_expires_at > utcnow() else None


def recheck_role(user: User) -> None:
    """Ask Stripe about an expired role and write the decision; meanwhile others go by the old role. Commits.

    While Stripe cannot be asked, the role stays for three days at most.
    """
    expired_at = _claim_recheck(user)
    if expired_at is None:
        return
    try:
        sync_user(user, cause="role expired")
        _settle(user, believe_expired=True)
    except BillingError as error:
        db.session.rollback()
        logger.warning("An expired role could not be checked: %s", error)
        if utcnow() > expired_at + MAX_STALE_ACCESS:
            _settle(user, believe_expired=False)


def _claim_recheck(user: User) -> datetime | None:
    """Let no other request ask for five minutes; when the role expired, or None when another asks already. Commits."""
    now = utcnow()
    claim = (
        sa.update(User)
        .where(User.id == user.id, sa.func.coalesce(User.role_recheck_at, User.role_expires_at) <= now)
        .values(
            role_expires_at=sa.func.coalesce(User.role_expires_at, User.role_recheck_at),
            role_recheck_at=now + ASK_AGAIN_AFTER,
        )
        .returning(User.role_expires_at)
    )
    expired_at: datetime | None = db.session.scalar(claim)
    db.session.commit()
    return expired_at


def _settle(user: User, *, believe_expired: bool) -> None:
    """Write the decision; a role that Stripe confirms past its end holds, and is asked about again. Commits."""
    scope = current_scope()
    locked = lock_user(user.id)
    if locked:
        apply_role(locked, scope, "role expired", believe_expired=believe_expired)
        if locked.role_expires_at and locked.role_expires_at <= utcnow():
            locked.role_expires_at, locked.role_recheck_at = None, utcnow() + ASK_AGAIN_AFTER
    db.session.commit()
