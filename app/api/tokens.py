"""Tokens: made, found again by what a program shows, and revoked."""

import hashlib
import re
import secrets
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.api.models import ApiToken
from app.auth.models import User
from app.auth.security_log import Kind, record, record_and_tell
from app.auth.sessions import this_user
from app.billing.catalog.plans import current_catalog
from app.database import allowed_to_write, db, utcnow
from app.languages import noted

SCOPES = {
    "account:read": noted("Read your role, your features and your limits"),
    "entries:read": noted("Read your entries"),
    "entries:write": noted("Add, change and delete your entries"),
}
# After the product's slug, so that whoever finds one, a program that looks for leaks among them, knows what it is.
MARK = "_pat_"
_TOKEN = re.compile(rf"\w+{MARK}[\w-]{{43}}", re.ASCII)
# How long a token may go without being told that it was used.
NOTED_EVERY = timedelta(minutes=5)
_FIND = (
    sa.select(ApiToken, User)
    .join(User, User.id == ApiToken.user_id)
    .where(
        ApiToken.digest == sa.bindparam("digest"),
        sa.or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > sa.bindparam("now")),
        User.suspended_at.is_(None),
    )
)


def make_token(user: User, name: str, scopes: Iterable[str], expires_at: datetime | None) -> str:
    """Give a user a token, in the caller's transaction, and mail them; its text is returned here and kept nowhere."""
    # 256 bits at random: nobody guesses it, so a plain hash protects it as well as a slow one.
    text = f"{current_catalog().slug}{MARK}{secrets.token_urlsafe(32)}"
    row = ApiToken(user_id=user.id, name=name, digest=_digest(text), scopes=" ".join(scopes), expires_at=expires_at)
    db.session.add(row)
    record_and_tell(user, Kind.API_TOKEN_MADE)
    return text


def find_token(text: str) -> tuple[ApiToken, User] | None:
    """The token and its owner; None for one that was revoked, has ended, or never was, and for who is suspended."""
    if not _TOKEN.fullmatch(text):
        return None
    found = db.session.execute(_FIND, {"digest": _digest(text), "now": utcnow()}).one_or_none()
    return (found[0], found[1]) if found else None


def tokens_of(user: User) -> Sequence[ApiToken]:
    """A user's tokens, newest first; also those whose time is over."""
    query = sa.select(ApiToken).where(ApiToken.user_id == user.id).order_by(ApiToken.created_at.desc())
    return db.session.scalars(query).all()


def count_tokens() -> int:
    """How many tokens of the reader's work."""
    works = sa.or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > utcnow())
    query = sa.select(sa.func.count()).select_from(ApiToken).where(ApiToken.user_id == this_user().id, works)
    return db.session.scalar(query) or 0


def revoke_token(user: User, token_id: uuid.UUID) -> bool:
    """Delete a user's token, in the caller's transaction; say whether it was theirs."""
    query = sa.delete(ApiToken).where(ApiToken.id == token_id, ApiToken.user_id == user.id)
    is_theirs = db.session.execute(query).rowcount > 0  # type: ignore[attr-defined]
    if is_theirs:
        record(user.id, Kind.API_TOKEN_REVOKED)
    return is_theirs


def note_use(token_id: uuid.UUID) -> None:
    """Write down, in a transaction of its own, that a token is in use."""
    with allowed_to_write():
        db.session.execute(sa.update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=utcnow()))
        db.session.commit()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
