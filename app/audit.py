"""What operators do: one row for each act, written once and never changed."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, String, Text, event
from sqlalchemy.orm import Mapped, mapped_column

from app.database import UtcDateTime, db, utcnow

# Who acts where nobody is signed in.
COMMAND_LINE = "command line"


class ActKind(StrEnum):
    """What an operator can do to somebody, or to the site."""

    REFUND = "refund"
    CANCEL = "cancel"
    EXTEND = "extend"
    PAUSE = "pause"
    RESUME = "resume"
    DISCOUNT = "discount"
    GRANT = "grant"
    REVOKE = "revoke"
    REFRESH = "refresh"
    FULFILL = "fulfill"
    ATTACH = "attach"
    KEEP_PAYMENT = "keep_payment"
    REPLAY = "replay"
    CREATE_USER = "create_user"
    PROMOTE = "promote"
    DEMOTE = "demote"
    SUSPEND = "suspend"
    LIFT = "lift"
    VIEW = "view"
    SET_EMAIL = "set_email"
    SEND_VERIFICATION = "send_verification"
    SIGN_OUT = "sign_out"
    DELETE_USER = "delete_user"
    RESET_FACTORS = "reset_factors"
    KEEP_FACTORS = "keep_factors"
    EXPORT = "export"
    CONNECT = "connect"
    DISCONNECT = "disconnect"
    ANNOUNCE = "announce"
    END_ANNOUNCEMENT = "end_announcement"
    MAKE_CODE = "make_code"
    SWITCH_CODE = "switch_code"


class OperatorAct(db.Model):  # type: ignore[name-defined]
    """One act: who did what to whom, what it changed and why. No address: whose it was goes with their account."""

    __tablename__ = "operator_acts"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, index=True)
    actor: Mapped[str] = mapped_column(String(254))
    kind: Mapped[str] = mapped_column(String(32))
    # No foreign key: the row outlives the account, and is not changed when that goes.
    user_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    # The object that it was done to, by Stripe's id or ours.
    subject: Mapped[str] = mapped_column(String(255), default="")
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    reason: Mapped[str] = mapped_column(Text, default="")
    # Empty when it was done; else why it was not, or that nobody knows.
    error: Mapped[str] = mapped_column(Text, default="")


@dataclass
class Act:
    """An act under way; what it changed is filled in as it becomes known."""

    kind: ActKind
    actor: str
    user_id: uuid.UUID | None = None
    subject: str = ""
    reason: str = ""
    changes: dict[str, Any] = field(default_factory=dict)


def record_act(act: Act, error: str = "") -> OperatorAct:
    """Write an act down, in the caller's transaction."""
    row = OperatorAct(
        kind=act.kind.value,
        actor=act.actor,
        user_id=act.user_id,
        subject=act.subject,
        reason=act.reason,
        changes=act.changes,
        error=error,
    )
    db.session.add(row)
    return row


@contextmanager
def recorded(act: Act) -> Iterator[Act]:
    """Do an act in this block and write it down, also when it fails: then what it began is rolled back. Commits."""
    try:
        yield act
    except Exception as error:
        db.session.rollback()
        record_act(act, error=f"{type(error).__name__}: {error}")
        db.session.commit()
        raise
    record_act(act)
    db.session.commit()


@event.listens_for(OperatorAct, "before_update")
@event.listens_for(OperatorAct, "before_delete")
def _refuse(mapper: object, connection: object, act: OperatorAct) -> None:
    raise RuntimeError("An operator's act is written once and never changed.")
