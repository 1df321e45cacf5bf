"""Which account an identity belongs to. It is found by issuer and subject alone: an address proves nothing."""

import uuid
from collections.abc import Sequence

import sqlalchemy as sa

from app.auth import security_log
from app.auth.email_undo import is_reserved
from app.auth.email_verification import send_verification
from app.auth.models import User
from app.auth.providers.models import Identity
from app.auth.providers.protocol import Newcomer
from app.auth.security_log import Kind, record_and_tell
from app.auth.ways_in import lock_ways_in, require_another_way_in
from app.database import db, insert, utcnow
from app.languages import current_language
from app.mail.outbox import queue_mail


class IdentityTaken(Exception):
    """Another account has it already."""


def user_of(newcomer: Newcomer) -> uuid.UUID | None:
    """Whose account this is, with the use written down in the caller's transaction; None for a stranger."""
    used = sa.update(Identity).where(Identity.issuer == newcomer.issuer, Identity.subject == newcomer.subject)
    values = {"last_used_at": utcnow(), "email": newcomer.email}
    return db.session.execute(used.values(**values).returning(Identity.user_id)).scalar_one_or_none()


def sign_up(newcomer: Newcomer) -> User | None:
    """A new account without a password, in the caller's transaction; None when its address has an account already.

    That account may be somebody else's: whoever it is logs in there first, and then links the two. An address that its
    owner can still take back is as good as taken.
    """
    if is_reserved(newcomer.email):
        return None
    verified_at = utcnow() if newcomer.is_email_verified else None
    row = {
        "id": uuid.uuid4(),
        "email": newcomer.email,
        "email_verified_at": verified_at,
        "language": current_language(),
    }
    db.session.execute(insert(User).values(**row, is_admin=False).on_conflict_do_nothing(index_elements=["email"]))
    user: User | None = db.session.get(User, row["id"])
    if user is None:
        return None
    _keep(user, newcomer)
    security_log.record(user.id, Kind.SIGNED_UP)
    if newcomer.is_email_verified:
        security_log.record(user.id, Kind.EMAIL_VERIFIED)
        queue_mail("welcome", to=user.email, cause=f"welcome:{user.id}", user_id=user.id)
    else:
        send_verification(user)
    return user


def link(user: User, newcomer: Newcomer) -> None:
    """Let this identity into the account, in the caller's transaction; raises `IdentityTaken`."""
    owner = user_of(newcomer)
    if owner is None:
        _keep(user, newcomer)
        record_and_tell(user, Kind.PROVIDER_LINKED)
    elif owner != user.id:
        db.session.rollback()
        raise IdentityTaken


def unlink(user: User, identity_id: uuid.UUID) -> bool:
    """Let it in no more, in the caller's transaction; say whether it did. Raises `LastWayIn`."""
    lock_ways_in(user.id)
    mine = sa.delete(Identity).where(Identity.id == identity_id, Identity.user_id == user.id)
    removed = db.session.execute(mine).rowcount > 0  # type: ignore[attr-defined]
    if removed:
        require_another_way_in(user)
        record_and_tell(user, Kind.PROVIDER_UNLINKED)
    return removed


def identities_of(user: User) -> Sequence[Identity]:
    """What lets this user in from elsewhere."""
    mine = sa.select(Identity).where(Identity.user_id == user.id).order_by(Identity.created_at)
    return db.session.scalars(mine).all()


def _keep(user: User, newcomer: Newcomer) -> None:
    row = {"id": uuid.uuid4(), "user_id": user.id, "created_at": utcnow(), "last_used_at": utcnow()}
    row |= {"issuer": newcomer.issuer, "subject": newcomer.subject, "email": newcomer.email}
    kept = insert(Identity).values(**row).on_conflict_do_nothing().returning(Identity.id)
    if db.session.execute(kept).first() is None:
        # The same person came twice at once.
        db.session.rollback()
        raise IdentityTaken
