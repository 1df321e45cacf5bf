"""API versions: which are spoken, which only known, and which never were."""

import logging
import re

from stripe_emulator.api import errors
from stripe_emulator.spec import API_VERSION, API_VERSIONS

logger = logging.getLogger("stripe_emulator")

#: The oldest version whose shapes and parameters a request gets; the README lists them.
OLDEST = "2025-03-31.basil"
_told: set[str] = set()


def check_version(header: str | None) -> None:
    """Refuse a `Stripe-Version` that never was; what may follow it names betas."""
    version = _without_betas(header)
    if not _existed(version):
        raise errors.invalid_request(f"Invalid Stripe API version: {version[:100]}")


def is_spoken(version: str) -> bool:
    """Tell whether requests of this version get its own shapes."""
    return version in API_VERSIONS and version >= OLDEST


def answered_in(header: str | None) -> str:
    """Return the version in whose shapes a request is answered."""
    version = _without_betas(header)
    return version if is_spoken(version) else API_VERSION


def notice(header: str | None) -> str | None:
    """Return what `Stripe-Notice` says to a request of a version that is not spoken; the log says it once."""
    version = _without_betas(header)
    if is_spoken(version) or not _existed(version):
        return None
    text = f"The Stripe emulator does not speak API version {version[:100]}: it answers in {API_VERSION}."
    if version not in _told:
        _told.add(version)
        logger.warning(text)
    return text


def _existed(version: str) -> bool:
    return version in API_VERSIONS or bool(re.fullmatch(r"\d{4}-\d\d-\d\d\.preview", version, re.ASCII))


def _without_betas(header: str | None) -> str:
    return (header or API_VERSION).partition(";")[0].strip()
