"""The outbox: mails written in the transaction that causes them, and delivered after it commits."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Insert, String, Text, Uuid, bindparam, column, func, select, table, text
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UtcDateTime, db, insert, utcnow
from app.languages import current_language

# Of the people that mails go to, whose model this module cannot know.
LANGUAGES = table("users", column("id", Uuid), column("language"))


class OutboxMail(db.Model):  # type: ignore[name-defined]
    """One mail to send: which template, to whom, with what; `cause` makes it go out once per cause."""

    __tablename__ = "outbox_mails"
    __table_args__ = (
        Index("ix_outbox_mails_unsent", "next_try_at", postgresql_where=text("sent_at IS NULL"),
              sqlite_where=text("sent_at IS NULL")),
    )  # fmt: skip

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    cause: Mapped[str] = mapped_column(String(255), unique=True)
    template: Mapped[str] = mapped_column(String(64))
    to_email: Mapped[str] = mapped_column(String(254))
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    # Of the receiver, as it was when the mail was written.
    language: Mapped[str | None] = mapped_column(String(16))
    context: Mapped[dict[str, Any]] = mapped_column(JSON)
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def queue_mail(
    template: str,
    *,
    to: str,
    cause: str,
    user_id: uuid.UUID | None = None,
    context: dict[str, Any] | None = None,
) -> None:
    """Write a mail into the outbox, in the caller's transaction; a second one with the same cause is dropped.

    `context` must be JSON: ids, amounts in minor units, dates as ISO 8601 text.
    """
    db.session.execute(mail_to_queue(template, to=to, cause=cause, user_id=user_id, context=context))
    db.session().info["mail_was_queued"] = True


def mail_to_queue(
    template: str,
    *,
    to: str,
    cause: str,
    user_id: uuid.UUID | None = None,
    context: dict[str, Any] | None = None,
) -> Insert:
    """The statement that `queue_mail` runs, for whoever writes in a transaction of their own."""
    row = {"id": uuid.uuid4(), "cause": cause, "template": template, "to_email": to, "user_id": user_id}
    chosen = select(LANGUAGES.c.language).where(LANGUAGES.c.id == bindparam(None, user_id, Uuid)).scalar_subquery()
    language = func.coalesce(chosen, current_language())
    return insert(OutboxMail).values(**row, language=language, context=context or {}).on_conflict_do_nothing()
