"""Addresses that people are sent back to."""

from urllib.parse import urlsplit

from stripe_emulator.api import errors


def is_web_address(url: str) -> bool:
    """Whether this is a whole http or https address."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check_web_address(url: str | None, param: str) -> None:
    """Refuse anything but a whole http or https address."""
    if url and not is_web_address(url):
        raise errors.invalid_request(
            "Not a valid URL: it must start with http:// or https:// and name a host.", param, "url_invalid"
        )
