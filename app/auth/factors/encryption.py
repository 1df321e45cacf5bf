"""Encryption at rest, under keys that are derived from SECRET_KEY: whoever copies the database learns no secret."""

from base64 import urlsafe_b64encode
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app

from app.keys import derive_keys


class Unreadable(Exception):
    """What was encrypted cannot be read: with a key that has been withdrawn, too long ago, or by somebody else."""


def encrypt(text: str) -> str:
    """The text as only this site can read it."""
    return _cipher().encrypt(text.encode()).decode()


def decrypt(token: str, within: timedelta | None = None) -> str:
    """The text again; raises `Unreadable`, also when it is older than `within`."""
    try:
        return _cipher().decrypt(token, int(within.total_seconds()) if within else None).decode()
    except InvalidToken:
        raise Unreadable from None


def renew(token: str) -> str:
    """The same text under the newest key."""
    return _cipher().rotate(token).decode()


def _cipher() -> MultiFernet:
    """The first key encrypts; the older ones still read, while SECRET_KEY is rotated."""
    keys = derive_keys(current_app.extensions["settings"].secret_keys, "factors")
    return MultiFernet([Fernet(urlsafe_b64encode(bytes.fromhex(key))) for key in keys])
