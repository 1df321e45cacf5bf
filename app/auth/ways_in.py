"""The ways into an account: none is taken away that is the last."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.api.models import ApiToken
from app.auth.factors.models import Authenticator, Passkey, RecoveryCode, TrustedDevice
from app.auth.models import SecurityEvent, User
from app.auth.providers.models import Identity
from app.auth.providers.registry import known_issuers
from app.auth.security_log import Kind
from app.database import db


class LastWayIn(Exception):
    """Nobody could log in to this account any more."""


def lock_ways_in(user_id: uuid.UUID) -> None:
    """Wait for whoever else takes a way in away from this user, and let no other do so until the commit."""
    db.session.execute(sa.select(User.id).where(User.id == user_id).with_for_update())


def require_another_way_in(user: User) -> None:
    """Raise `LastWayIn`, and roll back, when there is none left; `lock_ways_in` comes first."""
    ways = [
        User.password_hash.is_not(None),
        sa.exists().where(Passkey.user_id == User.id),
        sa.exists().where(Identity.user_id == User.id, Identity.issuer.in_(known_issuers())),
    ]
    if db.session.scalar(sa.select(User.id).where(User.id == user.id, sa.or_(*ways))) is None:
        db.session.rollback()
        raise LastWayIn


def forget_ways_of_a_stranger(user_id: uuid.UUID) -> None:
    """Whoever signed up with an address that was never theirs keeps no way in, once its owner takes the account.

    An account that was proven before, under whatever address, is no stranger's: it keeps all that its owner added.
    """
    proofs = SecurityEvent.kind.in_([Kind.EMAIL_VERIFIED, Kind.EMAIL_CHANGED])
    if db.session.scalar(sa.select(SecurityEvent.id).where(SecurityEvent.user_id == user_id, proofs).limit(1)):
        return
    forget_ways_added_since(None, user_id)


def forget_ways_added_since(moment: datetime | None, user_id: uuid.UUID) -> None:
    """Take away the factors and ways in that were added since then, or all of them, in the caller's transaction."""
    models: list[Any] = [
        *(Authenticator, Passkey, RecoveryCode, TrustedDevice),
        Identity,
        ApiToken,
    ]
    for model in models:
        added = sa.true() if moment is None else model.created_at > moment
        db.session.execute(sa.delete(model).where(model.user_id == user_id, added))
