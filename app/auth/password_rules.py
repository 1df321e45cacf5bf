"""Which passwords may be chosen: NIST SP 800-63B-4, that is length and a blocklist, and no rules of composition."""

import re
import unicodedata
from functools import cache

from flask import current_app

from app.auth.pwned_passwords import is_pwned
from app.languages import lazy_gettext as _l

SHORTEST = 8
LONGEST = 256
# A word of the list that is shorter says little of the password it stands in.
SHORTEST_CORE = 4
# Digits in order, as long as anybody types them.
ROWS = tuple(row for digits in ("1234567890", "0123456789") for row in (digits * 26, digits[::-1] * 26))

TOO_SHORT = _l("Use at least %(count)s characters. A few words in a row are easy to remember.", count=SHORTEST)
TOO_LONG = _l("Use at most %(count)s characters.", count=LONGEST)
TOO_COMMON = _l("This password is one of the first that attackers try. Choose another.")
BREACHED = _l("This password is in a list of stolen ones, whoever it was stolen from. Choose another.")
TOO_CLOSE = _l("Choose a password that is not made from your address or our name.")


def password_problem(password: str, email: str) -> str | None:
    """Say what is wrong with a new password, or None if nothing is.

    It is judged as it will be stored: after NFKC, which makes one password of several spellings.
    """
    text = normalized(password)
    if len(text) < SHORTEST:
        return TOO_SHORT
    elif max(len(text), len(password)) > LONGEST:
        return TOO_LONG
    elif _is_common(text.casefold()):
        return TOO_COMMON
    elif _is_made_from(text.casefold(), _context_words(email)):
        return TOO_CLOSE
    elif is_pwned(text):
        return BREACHED
    else:
        return None


def normalized(password: str) -> str:
    """The same characters whichever keyboard composed them (NIST SP 800-63B: NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _is_common(password: str) -> bool:
    """Whether attackers try it early: as it is, a word of theirs with digits and signs after it, or a row of digits."""
    core = re.sub(r"[\W\d_]+$", "", password)
    return password in _common_passwords() or core in _common_passwords() or any(password in row for row in ROWS)


@cache
def _common_passwords() -> frozenset[str]:
    # Imported when the first password is chosen: most workers never need the lists in memory.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    characters = "0123456789abcdefghijklmnopqrstuvwxyz"
    repeated = (character * length for character in characters for length in range(SHORTEST_CORE, 17))
    return frozenset(word for word in FREQUENCY_LISTS["passwords"] if len(word) >= SHORTEST_CORE).union(repeated)


def _context_words(email: str) -> set[str]:
    """What an attacker knows without guessing: the address, its parts, and the site's name."""
    local, _, domain = email.casefold().partition("@")
    site = str(current_app.config["APP_NAME"]).casefold()
    return {email.casefold(), local, domain, domain.split(".")[0], site, site.replace(" ", "")} - {""}


def _is_made_from(password: str, words: set[str]) -> bool:
    """Whether the password is one of the words, repeated or dressed with digits and signs at either end."""
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", password)
    return any(text == word * (len(text) // len(word)) for text in (password, core) if text for word in words)
