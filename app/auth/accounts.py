"""Signing up and signing in, whatever the form or command they come from."""

import uuid

import sqlalchemy as sa

from app.auth import audit
from app.auth.models import User
from app.auth.passwords import hash_password, needs_rehash, verify_password
from app.database import db, insert


def create_user(email: str, password: str, *, is_admin: bool = False) -> User | None:
    """Write a new user, in the caller's transaction; None when the (normalized) address is taken."""
    # Hashed first: the work is the same for a taken address, and no lock is held meanwhile.
    row = {"id": uuid.uuid4(), "email": email, "password_hash": hash_password(password), "is_admin": is_admin}
    db.session.execute(insert(User).values(**row).on_conflict_do_nothing(index_elements=["email"]))
    user: User | None = db.session.get(User, row["id"])
    if user is not None:
        audit.record(user.id, audit.Kind.SIGNED_UP)
    return user


def authenticate(email: str, password: str) -> User | None:
    """The user with this (normalized) address and password; commits the record of a failure."""
    found = db.session.execute(sa.select(User.id, User.password_hash).where(User.email == email)).one_or_none()
    # Checking takes a while: let no lock and no connection wait for it.
    db.session.rollback()
    password_hash = found.password_hash if found else None
    if not verify_password(password_hash, password) or found is None:
        audit.record_for_address(email, audit.Kind.SIGN_IN_FAILED)
        db.session.commit()
        return None
    stronger = hash_password(password) if needs_rehash(found.password_hash) else None
    return _signed_in(found.id, found.password_hash, stronger)


def confirm_password(user: User, password: str) -> bool:
    """Whether this is the password of someone who is signed in already; keeps no lock while it checks."""
    password_hash = user.password_hash
    db.session.rollback()
    return verify_password(password_hash, password)


def _signed_in(user_id: uuid.UUID, password_hash: str, stronger: str | None) -> User | None:
    user: User | None = db.session.get(User, user_id, with_for_update=True)
    if user is None or user.password_hash != password_hash:
        # Deleted, or given another password, while this one was being checked.
        return None
    if stronger is not None:
        user.password_hash = stronger
    audit.record(user.id, audit.Kind.SIGNED_IN)
    return user
