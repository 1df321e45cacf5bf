"""The operator's own grants: gifts and support, beside what Stripe says."""

from datetime import datetime

import sqlalchemy as sa

from app.auth.models import User
from app.billing.catalog.plans import Role
from app.billing.customers import lock_user
from app.billing.gateway.account import current_scope
from app.billing.models.roles import Grant
from app.billing.roles.decision import apply_role
from app.database import db, utcnow


def grant_role(user: User, role: Role, until: datetime | None, granted_by: str) -> Grant:
    """Give a user a role until a moment (UTC), or for good. Commits."""
    scope = current_scope()
    locked = lock_user(user.id) or user
    grant = Grant(user_id=locked.id, role=role.key, role_rank=role.rank, until=until, granted_by=granted_by)
    db.session.add(grant)
    db.session.flush()
    apply_role(locked, scope, f"grant {grant.id} by {granted_by}")
    db.session.commit()
    return grant


def revoke_grants(user: User, revoked_by: str) -> int:
    """Take every grant of this user back; return how many there were. Commits."""
    scope = current_scope()
    locked = lock_user(user.id) or user
    live = sa.update(Grant).where(Grant.user_id == locked.id, Grant.revoked_at.is_(None)).values(revoked_at=utcnow())
    count = len(db.session.scalars(live.returning(Grant.id)).all())
    apply_role(locked, scope, f"grants revoked by {revoked_by}")
    db.session.commit()
    return count
