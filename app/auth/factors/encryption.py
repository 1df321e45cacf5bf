"""Encryption at rest, under keys that are derived from SECRET_KEY: whoever copies the database learns no secret."""

from base64 import urlsafe_b64encode
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

PURPOSE = b"perennial: second factors"


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
    return MultiFernet([_fernet(key) for key in current_app.extensions["settings"].secret_keys])


def _fernet(secret_key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(secret_key.encode())
    return Fernet(urlsafe_b64encode(derived))
