"""A sentence that the operator tells everybody who is signed in, until an end. Pages read it from memory."""

from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.orm import Mapped, mapped_column

from app.audit import Act, ActKind, recorded
from app.database import UtcDateTime, db, utcnow

LONGEST_TEXT, LONGEST_LINK = 300, 500
# Each process looks once in so many seconds: what is announced reaches every page by then, and costs none a question.
LOOKED_UP_EVERY = 30.0
CACHE = "announcement"


class Announcement(db.Model):  # type: ignore[name-defined]
    """What was told, from when to when; plain text, and one link if there is one."""

    __tablename__ = "announcements"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(sa.String(LONGEST_TEXT))
    link: Mapped[str] = mapped_column(sa.String(LONGEST_LINK), default="")
    link_text: Mapped[str] = mapped_column(sa.String(80), default="")
    announced_by: Mapped[str] = mapped_column(sa.String(254))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


@dataclass(frozen=True)
class Shown:
    """An announcement as pages show it, in memory."""

    id: int
    text: str
    link: str
    link_text: str
    ends_at: datetime


def init_announcements(app: Flask) -> None:
    """Let templates show what is announced; `access.load_reader` looks it up."""
    app.jinja_env.globals["announcement"] = current_announcement


def current_announcement() -> Shown | None:
    """What is announced now, from memory: at most `LOOKED_UP_EVERY` seconds old; None for nothing."""
    shown: Shown | None = current_app.extensions.get(CACHE, (0.0, None))[1]
    return shown if shown and shown.ends_at > utcnow() else None


def look_up() -> None:
    """Read what is announced into memory, once in `LOOKED_UP_EVERY` seconds."""
    looked_up_at = current_app.extensions.get(CACHE, (None, None))[0]
    if looked_up_at is None or monotonic() - looked_up_at > LOOKED_UP_EVERY:
        row = running_announcement()
        shown = Shown(row.id, row.text, row.link, row.link_text, row.ends_at) if row else None
        current_app.extensions[CACHE] = (monotonic(), shown)


def running_announcement() -> Announcement | None:
    """The row of what is announced now, read from the database; None for nothing."""
    newest = sa.select(Announcement).where(Announcement.ends_at > utcnow()).order_by(Announcement.id.desc())
    found: Announcement | None = db.session.scalar(newest.limit(1))
    return found


def announce(text: str, ends_at: datetime, *, link: str = "", link_text: str = "", actor: str) -> None:
    """Tell everybody this until then, in place of what is told now. Commits.

    Raises `ValueError` for a link that leads neither to a page of this site (`/…`) nor to an https address.
    """
    if not is_link(link):
        raise ValueError("A link begins with / or https://.")
    row = Announcement(text=text, link=link, link_text=link_text, announced_by=actor, ends_at=ends_at)
    with recorded(Act(ActKind.ANNOUNCE, actor)) as act:
        _end_running()
        db.session.add(row)
        db.session.flush()
        act.subject, act.changes = f"announcement {row.id}", {"text": {"before": None, "after": text}}
    current_app.extensions.pop(CACHE, None)


def end_announcement(*, actor: str) -> None:
    """Tell nothing any more. Commits."""
    with recorded(Act(ActKind.END_ANNOUNCEMENT, actor)):
        _end_running()
    current_app.extensions.pop(CACHE, None)


def is_link(link: str) -> bool:
    """Whether a link may stand in an announcement; none may, too."""
    parts = urlsplit(link)
    is_ours = link.startswith("/") and not parts.netloc and "\\" not in link
    return not link or is_ours or (parts.scheme == "https" and bool(parts.hostname))


def _end_running() -> None:
    now = utcnow()
    db.session.execute(sa.update(Announcement).where(Announcement.ends_at > now).values(ends_at=now))
