"""Recovery codes: for the day when the phone is gone. Each works once; we keep no more of them than a hash."""

import hashlib
import secrets
import uuid
from base64 import b32encode

import sqlalchemy as sa

from app.auth.factors.models import RecoveryCode
from app.database import db, utcnow

HOW_MANY = 8
# 120 random bits: as strong as a key, so that a plain hash is enough (OWASP ASVS 6.5.2 asks for 112).
RANDOM_BYTES = 15
GROUP = 4


def make_recovery_codes(user_id: uuid.UUID) -> list[str]:
    """New codes in place of the old ones, in the caller's transaction."""
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [b32encode(secrets.token_bytes(RANDOM_BYTES)).decode().lower() for _ in range(HOW_MANY)]
    now = utcnow()
    rows = [{"digest": _digest(code), "user_id": user_id, "created_at": now} for code in codes]
    db.session.execute(sa.insert(RecoveryCode), rows)
    return ["-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP)) for code in codes]


def use_recovery_code(user_id: uuid.UUID, code: str) -> bool:
    """Whether this is one of the user's codes; it is none any more, in the caller's transaction."""
    used = sa.delete(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.digest == _digest(code))
    return db.session.execute(used.returning(RecoveryCode.digest)).first() is not None


def count_recovery_codes(user_id: uuid.UUID) -> int:
    """How many are left."""
    return db.session.scalar(sa.select(sa.func.count()).where(RecoveryCode.user_id == user_id)) or 0


def _digest(code: str) -> str:
    """The hash of a code, however its groups are written."""
    written = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.sha256(f"recovery code: {written}".encode("utf-8", "replace")).hexdigest()
