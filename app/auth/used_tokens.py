"""What may be used once: signed and timed, and remembered until its time is over."""

import hashlib
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UtcDateTime, db, insert, utcnow


class UsedToken(db.Model):  # type: ignore[name-defined]
    """A token that has been used, as a hash, for as long as it would still work."""

    __tablename__ = "used_tokens"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def use_once(token: str, lasts: timedelta) -> bool:
    """Whether nobody has used this token before; from now on somebody has, in the caller's transaction."""
    row = {"digest": hashlib.sha256(token.encode()).hexdigest(), "expires_at": utcnow() + lasts}
    used = insert(UsedToken).values(**row).on_conflict_do_nothing().returning(UsedToken.digest)
    return db.session.execute(used).first() is not None


def forget_used_tokens() -> None:
    """Forget those whose time is over, in the caller's transaction."""
    db.session.execute(sa.delete(UsedToken).where(UsedToken.expires_at < utcnow()))
