"""What is kept of a token: never the token itself."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UtcDateTime, db, utcnow

LONGEST_NAME = 60


class ApiToken(db.Model):  # type: ignore[name-defined]
    """A token of a user's, by the SHA-256 of its text; deleting the row revokes it, and it goes with the account."""

    __tablename__ = "api_tokens"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    # Names of `tokens.SCOPES`, with a space between them.
    scopes: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def scope_names(self) -> list[str]:
        """What this token may do."""
        return self.scopes.split()

    @property
    def has_ended(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= utcnow()
