"""Regular work: what has to be done once by whoever comes to it, with who is at it, how it ended, and when."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UtcDateTime, db, insert, separate_transaction, utcnow

# Whoever is at it says so again and again; who does not for so long is dead, and somebody else begins anew.
LEASE = timedelta(minutes=10)
TRY_AGAIN_AFTER = timedelta(minutes=10)


class Chore(db.Model):  # type: ignore[name-defined]
    """A piece of regular work, and how it stands."""

    __tablename__ = "chores"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    owner: Mapped[str | None] = mapped_column(sa.String(120))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)


class ClaimLost(Exception):
    """Somebody else has taken the work over: we were silent for too long."""


class Claim:
    """The right to do a piece of work, for as long as it is renewed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.owner = f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
        self.renewed_at = utcnow()

    def take(self, due_at: datetime) -> bool:
        """Whether the work that was due then is ours to do: nobody has done it since, and nobody is at it. Commits."""
        now = utcnow()
        # A new site has missed nothing.
        new = insert(Chore).values(name=self.name, done_at=now).on_conflict_do_nothing()
        db.session.execute(new)
        is_free = sa.or_(Chore.claimed_until.is_(None), Chore.claimed_until < now)
        is_due = sa.or_(Chore.done_at.is_(None), Chore.done_at < due_at)
        mine = sa.update(Chore).where(Chore.name == self.name, is_free, is_due)
        taken = db.session.execute(mine.values(owner=self.owner, claimed_until=now + LEASE).returning(Chore.name)).all()
        db.session.commit()
        return bool(taken)

    def renew(self) -> None:
        """Say that we are still at it; cheap to call often. The session must have no transaction open."""
        now = utcnow()
        if now - self.renewed_at > LEASE / 10:
            self.renewed_at = now
            self._settle(claimed_until=now + LEASE)

    def finish(self, result: dict[str, Any]) -> None:
        """The work is done."""
        self._settle(owner=None, claimed_until=None, done_at=utcnow(), result=result)

    def give_back(self) -> None:
        """The work could not be done; somebody tries again in a while."""
        self._settle(owner=None, claimed_until=utcnow() + TRY_AGAIN_AFTER)

    def _settle(self, **values: Any) -> None:
        mine = sa.update(Chore).where(Chore.name == self.name, Chore.owner == self.owner)
        with separate_transaction() as session:
            if not session.execute(mine.values(**values).returning(Chore.name)).all():
                raise ClaimLost(f"{self.name} is done by somebody else by now.")


def note_done(name: str) -> None:
    """Write down that this was done just now, by anybody. Commits."""
    new = insert(Chore).values(name=name, done_at=utcnow())
    db.session.execute(new.on_conflict_do_update(index_elements=["name"], set_={"done_at": new.excluded.done_at}))
    db.session.commit()


def look_up(name: str) -> Chore | None:
    """How a piece of work stands; None when nobody ever came to it."""
    return db.session.get(Chore, name, populate_existing=True)


def do_if_due(name: str, due_at: datetime, work: Callable[[Callable[[], None]], dict[str, Any]]) -> bool:
    """Do the work unless it is done, or somebody is at it; whether we did. It is handed a function that says so."""
    claim = Claim(name)
    if not claim.take(due_at):
        return False
    try:
        result = work(claim.renew)
    except Exception:
        db.session.rollback()
        claim.give_back()
        raise
    db.session.rollback()
    claim.finish(result)
    return True
