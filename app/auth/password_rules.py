"""Which passwords may be chosen: NIST SP 800-63B-4, that is length and a blocklist, and no rules of composition."""

import re
from functools import cache

from flask import current_app

SHORTEST = 8
LONGEST = 256

TOO_SHORT = f"Use at least {SHORTEST} characters. A few words in a row are easy to remember."
TOO_LONG = f"Use at most {LONGEST} characters."
TOO_COMMON = "This password is one of the first that attackers try. Choose another."
TOO_CLOSE = "Choose a password that is not made from your address or our name."


def password_problem(password: str, email: str) -> str | None:
    """Say what is wrong with a new password, or None if nothing is."""
    if len(password) < SHORTEST:
        return TOO_SHORT
    elif len(password) > LONGEST:
        return TOO_LONG
    elif password.casefold() in _common_passwords():
        return TOO_COMMON
    elif _is_made_from(password.casefold(), _context_words(email)):
        return TOO_CLOSE
    else:
        return None


@cache
def _common_passwords() -> frozenset[str]:
    # Imported when the first password is chosen: most workers never need the lists in memory.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    repeated = (character * length for character in "0123456789abcdefghijklmnopqrstuvwxyz" for length in range(8, 17))
    return frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= SHORTEST).union(repeated)


def _context_words(email: str) -> set[str]:
    """What an attacker knows without guessing: the address, its parts, and the site's name."""
    local, _, domain = email.casefold().partition("@")
    site = str(current_app.config["APP_NAME"]).casefold()
    return {email.casefold(), local, domain, domain.split(".")[0], site, site.replace(" ", "")} - {""}


def _is_made_from(password: str, words: set[str]) -> bool:
    """Whether the password is one of the words, repeated or dressed with digits and signs at either end."""
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", password)
    return any(text == word * (len(text) // len(word)) for text in (password, core) if text for word in words)
