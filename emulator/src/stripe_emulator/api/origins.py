"""Who is let in: whoever speaks to this machine by its own name, and no page of another site."""

import ipaddress
from urllib.parse import urlsplit

_OWN_SITE = (None, "same-origin", "none")


def is_loopback(address: str) -> bool:
    """Whether an address or name stands for this machine."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_loopback_host(header: str) -> bool:
    """Whether a `Host` header names this machine: a name that only now points here is a web page's trick."""
    name = header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() else header
    return is_loopback(name.strip("[]"))


def is_cross_site(host: str, origin: str | None, fetch_site: str | None) -> bool:
    """Whether a browser sent the request for a page of another site; programs say nothing of either."""
    return fetch_site not in _OWN_SITE or (origin is not None and urlsplit(origin).netloc != host)
