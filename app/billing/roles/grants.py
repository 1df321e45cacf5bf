"""The operator's own grants: gifts and support, beside what Stripe says."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from app.audit import Act, ActKind, record_act
from app.auth.models import User
from app.billing.catalog.plans import Role, current_catalog
from app.billing.customers import lock_user
from app.billing.gateway.account import current_scope
from app.billing.models.roles import Grant, RoleChange
from app.billing.roles.decision import GRANTS, apply_role
from app.database import db, utcnow
from app.mail.alerts import tell_admins

# What is given for longer than this, all admins are told of.
TOLD_FROM = timedelta(days=366)
# What the audit calls a grant, with the role, and taking grants back, where neither changed the user's role.
GRANTED, REVOKED = "granted ", "grants taken back"


def grant_role(user: User, role: Role, until: datetime | None, granted_by: str, reason: str = "") -> Grant:
    """Give a user a role until a moment (UTC), or for good. Commits.

    One for good, or for more than a year, is told to all admins.
    """
    scope = current_scope()
    locked = lock_user(user.id) or user
    grant = Grant(
        user_id=locked.id, role=role.key, role_rank=role.rank, until=until, granted_by=granted_by, reason=reason
    )
    db.session.add(grant)
    db.session.flush()
    cause = f"grant {grant.id} by {granted_by}"
    if apply_role(locked, scope, cause) is None:
        _audit(locked, f"{GRANTED}{role.key}", f"grant {grant.id}", cause, until)
    given = {"role": role.key, "until": until.isoformat() if until else None}
    record_act(Act(ActKind.GRANT, granted_by, locked.id, f"grant {grant.id}", reason, {"grant": {"after": given}}))
    if until is None or until > utcnow() + TOLD_FROM:
        how_long = f"until {until.day} {until:%B %Y}" if until else "for good"
        tell_admins(f"{granted_by} gave {locked.email} {role.name} {how_long}.", cause=f"grant:{grant.id}")
    db.session.commit()
    return grant


def given_role(user: User) -> tuple[Role, datetime | None] | None:
    """The highest role that the operator has given this user, and until when; None for no gift. Any Stripe account."""
    catalog, at = current_catalog(), {"of_user": user.id, "at": utcnow()}
    given = [(catalog.role(one.role, one.role_rank), one.until) for one in db.session.scalars(GRANTS, at)]
    return max(given, key=lambda gift: gift[0].rank, default=None)


def revoke_grants(user: User, revoked_by: str, reason: str = "") -> int:
    """Take every grant of this user back; return how many there were. Commits."""
    scope = current_scope()
    locked = lock_user(user.id) or user
    live = sa.update(Grant).where(Grant.user_id == locked.id, Grant.revoked_at.is_(None)).values(revoked_at=utcnow())
    count = len(db.session.scalars(live.returning(Grant.id)).all())
    cause = f"grants revoked by {revoked_by}"
    if apply_role(locked, scope, cause) is None and count:
        _audit(locked, REVOKED, None, cause, None)
    if count:
        changes = {"grants": {"before": count, "after": 0}}
        record_act(Act(ActKind.REVOKE, revoked_by, locked.id, reason=reason, changes=changes))
    db.session.commit()
    return count


def _audit(user: User, rule: str, object_id: str | None, cause: str, until: datetime | None) -> None:
    """Write down what an operator did that left the role as it was."""
    change = {"role_before": user.role, "role_after": user.role, "rule": rule, "object_id": object_id}
    db.session.add(RoleChange(user_id=user.id, **change, cause=cause, expires_at=until, changed_at=utcnow()))
