"""Which second factors an account has, and taking one away: the last one goes only where it may."""

import uuid

import sqlalchemy as sa
from flask import current_app

from app.auth.factors.models import Authenticator, Passkey, RecoveryCode, TrustedDevice
from app.auth.models import User
from app.auth.ways_in import lock_ways_in, require_another_way_in
from app.database import db
from app.languages import lazy_gettext as _l

KEEP_ONE = _l("You have to keep a second factor. Add another one first.")


class LastFactor(Exception):
    """Whoever has to have one keeps it."""


def has_factor(user_id: uuid.UUID) -> bool:
    """Whether a password alone does not let this user in."""
    return count_factors(user_id) > 0


def count_factors(user_id: uuid.UUID) -> int:
    """How many second factors this user has; recovery codes are none, they only stand in for one."""
    apps, passkeys = (sa.select(sa.func.count()).where(kind.user_id == user_id) for kind in (Authenticator, Passkey))
    return db.session.scalar(sa.select(apps.scalar_subquery() + passkeys.scalar_subquery())) or 0


def needs_factor(user: User) -> bool:
    """Whether the settings say that this user has to have one."""
    asked_of = current_app.extensions["settings"].second_factor_for
    return asked_of == "everybody" or (asked_of == "admins" and user.is_admin)


def remove_authenticator(user: User) -> bool:
    """Take the app away, in the caller's transaction; say whether there was one. Raises `LastFactor`."""
    return _remove(user, sa.delete(Authenticator).where(Authenticator.user_id == user.id))


def remove_passkey(user: User, passkey_id: uuid.UUID) -> bool:
    """Take a passkey away, in the caller's transaction; say whether it was the user's.

    Raises `LastFactor`, or `LastWayIn` where nothing else would let them in.
    """
    return _remove(user, sa.delete(Passkey).where(Passkey.user_id == user.id, Passkey.id == passkey_id))


def remove_all_factors(user_id: uuid.UUID) -> None:
    """Leave no second factor, in the caller's transaction: for who has lost them, and for who never had the mailbox."""
    for model in (Authenticator, Passkey, RecoveryCode, TrustedDevice):
        db.session.execute(sa.delete(model).where(model.user_id == user_id))


def _remove(user: User, statement: sa.Delete) -> bool:
    # Both of two requests at once could else leave the other's factor, and so none.
    lock_ways_in(user.id)
    removed = db.session.execute(statement).rowcount > 0  # type: ignore[attr-defined]
    left = count_factors(user.id)
    if removed and not left and needs_factor(user):
        db.session.rollback()
        raise LastFactor
    if removed:
        require_another_way_in(user)
    if not left:
        remove_all_factors(user.id)
    return removed
