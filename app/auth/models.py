"""The people: users, the browsers they are signed in from, and what happened to their accounts."""

import uuid
from datetime import datetime

from flask_login import UserMixin
from sqlalchemy import ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.billing.catalog.entitlements import can_use, limit_of
from app.billing.catalog.plans import current_catalog
from app.database import UtcDateTime, db, utcnow


def _few(name: str, condition: str) -> Index:
    """An index of the few users for whom this holds, by when they signed up."""
    holds = text(condition)
    return Index(f"ix_users_{name}", "created_at", "id", postgresql_where=holds, sqlite_where=holds)


class User(UserMixin, db.Model):  # type: ignore[name-defined]
    """A person with an account. `role` is decided by `billing.roles` alone; `is_admin` is apart from it."""

    __tablename__ = "users"
    # For the operator's lists: each starts where one of these does, or in the few rows that one of them holds.
    __table_args__ = (
        Index("ix_users_created_at", "created_at", "id"),
        Index("ix_users_last_seen_at", "last_seen_at", "id"),
        Index("ix_users_role", "role", "created_at", "id"),
        Index("ix_users_plan_key", "plan_key", "created_at", "id"),
        _few("unverified", "email_verified_at IS NULL"),
        _few("suspended", "suspended_at IS NOT NULL"),
        _few("admin", "is_admin"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pending_email: Mapped[str | None] = mapped_column(String(254))
    # The address of before the last change, which can be taken back for a week: see `email_undo`.
    previous_email: Mapped[str | None] = mapped_column(String(254), index=True)
    email_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # None for who has never set one, and comes in by other ways.
    password_hash: Mapped[str | None] = mapped_column(String(255))
    password_changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    # When the newest link to confirm an address was sent: a token made for an older one is dead, and so is a used one.
    verification_sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # What pages and mails are written in; None for what the browser asks for.
    language: Mapped[str | None] = mapped_column(String(16))
    is_admin: Mapped[bool] = mapped_column(default=False)
    role: Mapped[str] = mapped_column(String(32), default=lambda: current_catalog().lowest_role.key)
    # The rank outlives a role that leaves the catalogue; the plan says which features and limits count.
    role_rank: Mapped[int] = mapped_column(default=lambda: current_catalog().lowest_role.rank, server_default="0")
    plan_key: Mapped[str | None] = mapped_column(String(32))
    role_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When to ask Stripe about a role past its end; none means as soon as it is past. See `reconcile.expired_roles`.
    role_recheck_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The Stripe account and mode that the role was decided in: in another one it does not count.
    role_scope: Mapped[str | None] = mapped_column(String(261))
    # Counts how often billing has locked this user: who read without a lock sees from it that nobody came between.
    billing_version: Mapped[int] = mapped_column(default=0, server_default="0")
    # When the operator shut them out, and why; billing goes on as ever. See `suspension`.
    suspended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    suspension_reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    # Nobody of the site may look at their pages as they do: see `viewing`.
    refuses_viewing: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    # To within some minutes. Of before this was kept, nothing is known.
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, server_default="1970-01-01 00:00:00")

    sessions: Mapped[list["UserSession"]] = relationship(back_populates="user", passive_deletes=True)

    # The browser this user was loaded for; no column, set when a request finds who is signed in.
    session_id = None  # type: uuid.UUID | None
    # Who reads this user's pages in their place, and until when: see `viewing`.
    viewed_by = None  # type: User | None
    viewed_until = None  # type: datetime | None
    # Whether a subscription of theirs waits for a payment; no column either, and worth a look where it is not known.
    may_owe = True

    @property
    def role_is_due(self) -> bool:
        """Whether the role is past its end and has to be looked at before it counts."""
        due_at = self.role_recheck_at or self.role_expires_at
        return due_at is not None and due_at <= utcnow()

    @property
    def role_is_stale(self) -> bool:
        """Whether the role is past its end and Stripe could not be asked a short while ago."""
        return self.role_expires_at is not None and self.role_recheck_at is not None and self.role_recheck_at > utcnow()

    @property
    def known_role_end(self) -> datetime | None:
        """When the role ends unless something renews it; None when no end is known, or none that is still to come."""
        return self.role_expires_at if self.role_expires_at and self.role_expires_at > utcnow() else None

    def has_role(self, role: str) -> bool:
        """Whether this user may use what `role` gives: the role on their row is at least that one."""
        catalog = current_catalog()
        if not catalog.has_role(role):
            return self.role == role
        return catalog.role(self.role, self.role_rank).rank >= catalog.role(role).rank

    def can(self, feature: str) -> bool:
        """Whether this user's plan includes the feature."""
        return can_use(feature, self.plan_key, current_catalog().role(self.role, self.role_rank))

    def limit(self, name: str) -> int | None:
        """How many of `name` this user's plan allows; None for no limit."""
        return limit_of(name, self.plan_key, current_catalog().role(self.role, self.role_rank))


class UserSession(db.Model):  # type: ignore[name-defined]
    """One signed-in browser; deleting the row signs it out."""

    __tablename__ = "user_sessions"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    device: Mapped[str] = mapped_column(String(120), default="")
    is_remembered: Mapped[bool] = mapped_column(default=False)
    # How this browser was signed in, and when it last showed again that it is them: see `step_up`.
    method: Mapped[str] = mapped_column(String(16), default="password", server_default="password")
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Whose pages an admin reads as they do, and until when. No foreign key: it is over within the hour.
    viewed_user_id: Mapped[uuid.UUID | None]
    viewed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship(back_populates="sessions")


class SecurityEvent(db.Model):  # type: ignore[name-defined]
    """Something that matters to the safety of an account; a failed log-in to an unknown address has no user."""

    __tablename__ = "security_events"
    __table_args__ = (Index("ix_security_events_user_id_at", "user_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    device: Mapped[str] = mapped_column(String(120), default="")
    # The network the request came from, not the machine: the last part of the address is cut off.
    network: Mapped[str] = mapped_column(String(64), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, index=True)
