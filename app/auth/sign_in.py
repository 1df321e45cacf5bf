"""Signing up and signing in, whatever the form or command they come from."""

import uuid

import sqlalchemy as sa

from app.auth import security_log, suspension
from app.auth.email_undo import is_reserved
from app.auth.factors import second_step
from app.auth.models import User
from app.auth.passwords import hash_password, needs_rehash, verify_password
from app.database import db, insert
from app.request_log import note_security

_FIND = sa.select(User.id, User.password_hash).where(User.email == sa.bindparam("email"))


def create_user(email: str, password: str, *, is_admin: bool = False, language: str | None = None) -> User | None:
    """Write a new user, in the caller's transaction; None when the (normalized) address is taken."""
    # Hashed first: the work is the same for a taken address, and no lock is held meanwhile.
    row = {"id": uuid.uuid4(), "email": email, "password_hash": hash_password(password), "is_admin": is_admin}
    row["language"] = language
    if is_reserved(email):
        return None
    db.session.execute(insert(User).values(**row).on_conflict_do_nothing(index_elements=["email"]))
    user: User | None = db.session.get(User, row["id"])
    if user is not None:
        security_log.record(user.id, security_log.Kind.SIGNED_UP)
    return user


def authenticate(email: str, password: str) -> uuid.UUID | None:
    """Whose (normalized) address and password these are, with the record of it; commits that of a failure."""
    found = db.session.execute(_FIND, {"email": email}).one_or_none()
    # Checking takes a while: let no lock and no connection wait for it.
    db.session.rollback()
    password_hash = found.password_hash if found else None
    if verify_password(password_hash, password) and found is not None:
        return _signed_in(found.id, found.password_hash, password)
    security_log.record_for_address(email, security_log.Kind.SIGN_IN_FAILED)
    db.session.commit()
    note_security("wrong_password")
    return None


def confirm_password(user: User, password: str) -> bool:
    """Whether this is the password of someone who is signed in already; keeps no lock while it checks."""
    password_hash = user.password_hash
    db.session.rollback()
    is_right = verify_password(password_hash, password)
    if not is_right:
        note_security("wrong_current_password")
    return is_right


def _signed_in(user_id: uuid.UUID, password_hash: str, password: str) -> uuid.UUID | None:
    """Record it; nobody is signed in who was deleted, or given another password, while this one was checked."""
    stronger = hash_password(password) if needs_rehash(password_hash) else None
    kind = second_step.kind_of_log_in(user_id)
    if suspension.is_suspended(user_id):
        kind = security_log.Kind.SIGN_IN_REFUSED
    if not security_log.record_if_unchanged(user_id, password_hash, kind):
        return None
    if stronger is not None:
        db.session.execute(sa.update(User).where(User.id == user_id).values(password_hash=stronger))
    return user_id
