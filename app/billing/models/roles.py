"""The operator's own grants, and the audit of roles."""

import uuid
from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.billing.models.stripe import STRIPE_ID, user_id_column
from app.database import UtcDateTime, db, utcnow


class Grant(db.Model):  # type: ignore[name-defined]
    """A role that the operator gave by hand, beside what Stripe says."""

    __tablename__ = "grants"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = user_id_column("CASCADE")
    role: Mapped[str] = mapped_column(String(32))
    role_rank: Mapped[int] = mapped_column(default=0, server_default="0")
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    granted_by: Mapped[str] = mapped_column(String(255), default="")
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RoleChange(db.Model):  # type: ignore[name-defined]
    """The audit of roles: what changed, by which rule, on which object, and the event that caused it."""

    __tablename__ = "role_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = user_id_column("CASCADE")
    role_before: Mapped[str] = mapped_column(String(32))
    role_after: Mapped[str] = mapped_column(String(32))
    rule: Mapped[str] = mapped_column(String(64))
    object_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    cause: Mapped[str] = mapped_column(STRIPE_ID)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, index=True)
