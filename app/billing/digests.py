"""Digests of what identifies a person: they can be compared, and nobody can turn them back."""

import hashlib
import hmac

from flask import current_app


def digests_of(purpose: str, text: str) -> list[str]:
    """The text under each of the site's keys, the newest first: what an older key wrote is known while it stands."""
    keys = current_app.extensions["settings"].secret_keys
    return [hmac.new(f"{purpose}:{key}".encode(), text.encode(), hashlib.sha256).hexdigest() for key in keys]
