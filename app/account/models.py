"""What stays of an account that was closed: that there was one, under names that tell nobody whose."""

import uuid
from datetime import datetime

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UtcDateTime, db, utcnow


class DeletedAccount(db.Model):  # type: ignore[name-defined]
    """A closed account. Its digest answers "was there an account at this address?", and cannot be turned back."""

    __tablename__ = "deleted_accounts"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    address_digest: Mapped[str] = mapped_column(String(64), index=True)
    signed_up_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, index=True)
    device: Mapped[str] = mapped_column(String(120), default="")
    network: Mapped[str] = mapped_column(String(64), default="")
    # Until the events about them have come and been emptied; then none.
    stripe_customers: Mapped[list[str]] = mapped_column(JSON, default=list)
