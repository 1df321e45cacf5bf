"""Where a request comes from, in words that a person knows again and that say no more than needed."""

from ipaddress import ip_address, ip_network

# The order matters: Edge and Opera also say Chrome, and Chrome also says Safari.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
    "curl/": "curl",
    "python-": "Python",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def describe_device(user_agent: str) -> str:
    """Name the browser and the system: "Firefox on Linux"; only words of our own, whatever was sent."""
    browser = _first_match(BROWSERS, user_agent)
    system = _first_match(SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    else:
        return browser or system or "Unknown device"


def describe_network(address: str | None) -> str:
    """The network an address is of: enough to tell home from elsewhere, too little to name a machine."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return ""
    network = ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False)
    return str(network)


def _first_match(words: dict[str, str], text: str) -> str:
    return next((name for token, name in words.items() if token in text), "")
