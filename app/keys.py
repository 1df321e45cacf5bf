"""Keys of their own for each purpose, made from SECRET_KEY: what signs sessions signs no link, no job and no device."""

import hmac
from collections.abc import Sequence
from functools import lru_cache

from flask import current_app


def derive_keys(secret_keys: Sequence[str], purpose: str) -> list[str]:
    """The keys for one purpose, in the order of the secrets that they are made from."""
    return [_derived(key, purpose) for key in secret_keys]


@lru_cache(maxsize=64)
def _derived(key: str, purpose: str) -> str:
    # Kept, for a page with three buy buttons asks for the same ones three times.
    return hmac.digest(key.encode(), f"perennial:{purpose}".encode(), "sha256").hex()


def signing_keys(purpose: str) -> list[str]:
    """The site's keys for one purpose as itsdangerous wants them: the last one signs, the older ones still check."""
    return derive_keys(current_app.extensions["settings"].secret_keys, purpose)[::-1]
