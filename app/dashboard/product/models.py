"""What the example product keeps: entries of money that came in or went out."""

import uuid
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UtcDateTime, db, utcnow

LONGEST_LABEL = 80


class Kind(StrEnum):
    """Which way the money went."""

    IN = "in"
    OUT = "out"


class Entry(db.Model):  # type: ignore[name-defined]
    """An amount in minor units, always positive, with its day and its kind; it goes with the account."""

    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("kind IN ('in', 'out')", name="kind"),
        Index("ix_entries_user_id_happened_on", "user_id", "happened_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    happened_on: Mapped[date]
    kind: Mapped[str] = mapped_column(String(8))
    label: Mapped[str] = mapped_column(String(LONGEST_LABEL))
    amount: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)

    @property
    def signed(self) -> int:
        """The amount as it counts: what went out takes away."""
        return self.amount if self.kind == Kind.IN else -self.amount
