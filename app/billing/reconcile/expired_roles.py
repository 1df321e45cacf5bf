"""A paid role past its end, or of another Stripe account or mode: it is looked at before it counts again.

The user's row says when: at `role_recheck_at` if that is set, else at `role_expires_at`. Where Stripe cannot be asked,
`role_expires_at` lies in the past and `role_recheck_at` says when the question is put again. Where Stripe confirms a
role past its end, no end is known any more, and `role_recheck_at` says when to ask whether that is still so.

After the switch from test to live keys, or to another account, `role_scope` is not the scope of today: the role is
decided anew, from what was bought here.
"""

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.auth.models import User
from app.billing.customers import customer_of, lock_user
from app.billing.errors import BillingError, StripeUnavailable
from app.billing.gateway.account import current_scope, is_of_other_scope
from app.billing.reconcile.users import sync_user
from app.billing.roles.decision import MAX_STALE_ACCESS, apply_role
from app.database import db, utcnow

logger = logging.getLogger(__name__)
ASK_AGAIN_AFTER = timedelta(minutes=5)
SCOPE_CHANGED = "another Stripe account or mode"


def recheck_role(user: User) -> None:
    """Ask Stripe about an expired role and write the decision; meanwhile others go by the old role. Commits.

    While Stripe cannot be asked, the role stays for three days at most.
    """
    if is_of_other_scope(user):
        _leave_other_scope(user)
        return
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


def _leave_other_scope(user: User) -> None:
    """Decide by what was bought in today's scope; Stripe is asked where the user is a customer there. Commits."""
    try:
        scope = current_scope()
    except StripeUnavailable as error:
        # Whose account it is now cannot be told.
        db.session.rollback()
        logger.warning("A role of another scope could not be checked: %s", error)
        user.role_recheck_at = utcnow() + ASK_AGAIN_AFTER
        db.session.commit()
        return
    db.session.commit()
    if customer_of(user.id, scope):
        try:
            sync_user(user, cause=SCOPE_CHANGED)
        except BillingError as error:
            db.session.rollback()
            logger.warning("A role of another scope is decided without Stripe: %s", error)
    if locked := lock_user(user.id):
        apply_role(locked, scope, SCOPE_CHANGED)
    db.session.commit()


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
