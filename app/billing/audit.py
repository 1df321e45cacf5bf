"""Reading the audit of roles, newest first."""

import sqlalchemy as sa

from app.auth.models import User
from app.billing.models import RoleChange
from app.database import db


def latest_change(user: User) -> RoleChange | None:
    """The change that gave this user the role that stands on their row, or None when it never changed."""
    query = sa.select(RoleChange).where(RoleChange.user_id == user.id).order_by(RoleChange.id.desc()).limit(1)
    found: RoleChange | None = db.session.scalar(query)
    return found
