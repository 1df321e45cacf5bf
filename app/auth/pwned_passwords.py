"""Asking Have I Been Pwned whether a password is in a known breach, when the settings say so.

Only the first five digits of a hash leave this machine (k-anonymity), and padding hides how many answers there were.
"""

import hashlib
import logging

from flask import current_app

from app.config.settings import Settings
from app.database import end_transaction

logger = logging.getLogger(__name__)
SECONDS = 2


def is_pwned(password: str) -> bool:
    """Whether the password is known to be in a breach; false when that is not asked, or nobody answers."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.pwned_passwords_check:
        return False
    # Imported when first needed: most workers never ask.
    import requests

    digest = hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest().upper()
    # Somebody else's server may take its time: no transaction is open meanwhile.
    end_transaction()
    try:
        answer = requests.get(
            f"{settings.pwned_passwords_api.rstrip('/')}/range/{digest[:5]}",
            headers={"Add-Padding": "true"},
            timeout=SECONDS,
            allow_redirects=False,
        )
        answer.raise_for_status()
    except requests.RequestException as error:
        reason = type(error).__name__
        logger.warning("Breached passwords could not be asked for (%s); the password is let through.", reason)
        return False
    return any(_is_found(line, digest[5:]) for line in answer.text.splitlines())


def _is_found(line: str, suffix: str) -> bool:
    """Whether this line counts the hash; a padded line counts none."""
    found, _, count = line.strip().partition(":")
    return found.upper() == suffix and count.strip() not in ("", "0")
