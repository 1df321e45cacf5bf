"""Devices that their owner trusts: for 30 days, a log-in there takes one step."""

import hashlib
import uuid
from datetime import timedelta

import sqlalchemy as sa

from app.auth.devices import Device, this_device
from app.auth.factors.models import TrustedDevice
from app.auth.models import User
from app.database import db, insert, utcnow

TRUSTED_FOR = timedelta(days=30)


def trust_this_device(user_id: uuid.UUID) -> None:
    """Ask here no more for the second step of this user's, in the caller's transaction; a sign-in has marked it."""
    device = this_device()
    if device is not None:
        row = {"digest": _digest(device, user_id), "user_id": user_id, "expires_at": utcnow() + TRUSTED_FOR}
        kept = insert(TrustedDevice).values(**row, created_at=utcnow())
        again = {"expires_at": kept.excluded.expires_at}
        db.session.execute(kept.on_conflict_do_update(index_elements=["digest"], set_=again))


def is_trusted(user_id: uuid.UUID) -> bool:
    """Whether this user trusts the device that the request comes from; a new password makes it a stranger again."""
    device = this_device()
    if device is None:
        return False
    found = db.session.execute(
        sa.select(User.password_changed_at)
        .join(TrustedDevice, TrustedDevice.user_id == User.id)
        .where(TrustedDevice.digest == _digest(device, user_id), TrustedDevice.expires_at > utcnow())
    ).scalar_one_or_none()
    return found is not None and device.knows(user_id, found)


def count_trusted_devices(user_id: uuid.UUID) -> int:
    """How many devices are trusted now."""
    lasting = sa.select(sa.func.count()).where(TrustedDevice.user_id == user_id, TrustedDevice.expires_at > utcnow())
    return db.session.scalar(lasting) or 0


def forget_trusted_devices(user_id: uuid.UUID) -> None:
    """Trust none of this user's devices any more, in the caller's transaction."""
    db.session.execute(sa.delete(TrustedDevice).where(TrustedDevice.user_id == user_id))


def _digest(device: Device, user_id: uuid.UUID) -> str:
    return hashlib.sha256(f"{device.id} {user_id}".encode()).hexdigest()
