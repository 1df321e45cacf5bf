"""The operator's way for who has lost every factor: they go after a waiting time, in which the owner can object."""

import uuid
from datetime import timedelta

import sqlalchemy as sa

from app.auth import security_log
from app.auth.factors.models import FactorReset
from app.auth.factors.removal import remove_all_factors
from app.auth.models import User
from app.auth.security_log import Kind, record_and_tell
from app.database import db, insert, utcnow
from app.mail.outbox import queue_mail
from app.urls import link_to

WAITING_TIME = timedelta(days=3)


def ask_for_reset(user: User) -> FactorReset:
    """Promise the removal and tell the owner, in the caller's transaction; one that was promised before stays."""
    row = {"user_id": user.id, "due_at": utcnow() + WAITING_TIME, "created_at": utcnow()}
    new = db.session.execute(
        insert(FactorReset).values(**row).on_conflict_do_nothing().returning(FactorReset.user_id)
    ).first()
    reset = db.session.get_one(FactorReset, user.id)
    if new is not None:
        security_log.record(user.id, Kind.FACTOR_RESET_ASKED)
        queue_mail(
            "factor_reset_asked",
            to=user.email,
            cause=f"factor_reset_asked:{uuid.uuid4()}",
            user_id=user.id,
            context={"date": reset.due_at.isoformat(), "url": link_to("account.security")},
        )
    return reset


def pending_reset(user: User) -> FactorReset | None:
    """What was promised and has not been done yet."""
    return db.session.get(FactorReset, user.id)


def stop_reset(user: User) -> bool:
    """Take the promise back, in the caller's transaction; say whether there was one."""
    stopped = sa.delete(FactorReset).where(FactorReset.user_id == user.id).returning(FactorReset.user_id)
    if db.session.execute(stopped).first() is None:
        return False
    record_and_tell(user, Kind.FACTOR_RESET_STOPPED)
    return True


def carry_out_due_reset(user_id: uuid.UUID) -> None:
    """Remove the factors if that was promised and the time has come, in the caller's transaction."""
    due = sa.delete(FactorReset).where(FactorReset.user_id == user_id, FactorReset.due_at <= utcnow())
    if db.session.execute(due.returning(FactorReset.user_id)).first() is not None:
        remove_all_factors(user_id)
        record_and_tell(db.session.get_one(User, user_id), Kind.FACTORS_RESET)
