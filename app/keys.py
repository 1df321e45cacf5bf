"""What is made from SECRET_KEY: keys of their own for each purpose (what signs sessions signs no link), and digests."""

import hashlib
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


def digests_of(purpose: str, text: str) -> list[str]:
    """The text under each of the site's keys, the newest first: what an older key wrote is known while it stands."""
    keys = current_app.extensions["settings"].secret_keys
    return [hmac.new(f"{purpose}:{key}".encode(), text.encode(), hashlib.sha256).hexdigest() for key in keys]
