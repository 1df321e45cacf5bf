"""Addresses that lead out of the hosted pages, trusted only as far as a browser may follow them."""

import re
from urllib.parse import quote, urlsplit

HOST_SOURCE = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")
CONTROL = re.compile(r"[\x00-\x20\x7f]")


def safe_address(url: str | None) -> str | None:
    """Return a merchant's address if it is plain http(s); `javascript:` and its kind are nobody's return address."""
    if not url or CONTROL.search(url):
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and host else None


def origin_of(url: str | None) -> str | None:
    """Return an address's origin as a CSP source, or None where it cannot be one."""
    if safe_address(url) is None:
        return None
    parts = urlsplit(str(url))
    host = parts.netloc.rpartition("@")[2]
    name, _, port = host.rpartition(":") if re.search(r":\d+$", host) else (host, "", "")
    if not HOST_SOURCE.fullmatch(name):
        return None
    return f"{parts.scheme}://{name}" + (f":{port}" if port else "")


def after_checkout(session_id: str, success_url: str | None) -> str | None:
    """Return the success address with the session's id in its place."""
    filled = success_url and success_url.replace("{CHECKOUT_SESSION_ID}", quote(session_id, safe=""))
    return safe_address(filled)
