"""The device that a request comes from: a cookie by which we know it again, and words by which its owner does.

The cookie is OWASP's device cookie: a signed note of whose good sign-ins this browser has seen. It signs nobody in. It
lets tries here be counted apart from strangers', so that no stranger can lock the owner out, and tells a new device
from a known one. A new password makes every other device a stranger.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from flask import Response, current_app, g, request
from itsdangerous import BadData, URLSafeTimedSerializer

from app.languages import noted
from app.signatures import timed_serializer

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

# Browsers keep a cookie for 400 days at most; each sign-in begins them anew.
REMEMBERED_FOR = timedelta(days=400)
MOST_PEOPLE = 5


@dataclass(frozen=True)
class Device:
    """A browser: an id that it alone holds, and marks of the people who signed in here, the newest first."""

    id: str
    marks: tuple[str, ...] = ()

    def knows(self, user_id: uuid.UUID, password_changed_at: datetime) -> bool:
        """Whether this user has signed in here with the password that they have now."""
        return self._mark(user_id, password_changed_at) in self.marks

    def with_user(self, user_id: uuid.UUID, password_changed_at: datetime) -> "Device":
        """The same device, which knows this user."""
        mark = self._mark(user_id, password_changed_at)
        others = [other for other in self.marks if other != mark]
        return Device(self.id, (mark, *others[: MOST_PEOPLE - 1]))

    def _mark(self, user_id: uuid.UUID, password_changed_at: datetime) -> str:
        state = f"{self.id} {user_id} {password_changed_at.isoformat()}"
        return hashlib.sha256(state.encode()).hexdigest()[:32]


def this_device() -> Device | None:
    """The device that this request comes from; None for one that no sign-in has marked, or with a forged cookie."""
    if "device" not in g:
        g.device = _read(request.cookies.get(_cookie_name(), ""))
    device: Device | None = g.device
    return device


def remember_device(user_id: uuid.UUID, password_changed_at: datetime) -> Device:
    """Know this browser again as one of this user's; the cookie goes out with the answer."""
    device = this_device() or Device(secrets.token_hex(16))
    g.device = g.device_to_send = device.with_user(user_id, password_changed_at)
    return device


def send_device_cookie(response: Response) -> Response:
    """After the answer is made: send the cookie that a sign-in changed."""
    device: Device | None = g.pop("device_to_send", None)
    if device is not None and response.status_code < 500:
        config = current_app.config
        response.set_cookie(
            _cookie_name(),
            _serializer().dumps([device.id, *device.marks]),
            max_age=REMEMBERED_FOR,
            secure=config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
    return response


def describe_device(user_agent: str) -> str:
    """Name the browser and the system: "Firefox on Linux"; only words of our own, whatever was sent."""
    browser = _first_match(BROWSERS, user_agent)
    system = _first_match(SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    else:
        return browser or system or noted("Unknown device")


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


def _read(cookie: str) -> Device | None:
    try:
        id, *marks = _serializer().loads(cookie, max_age=int(REMEMBERED_FOR.total_seconds()))
    except (BadData, ValueError):
        return None
    return Device(id, tuple(marks))


def _cookie_name() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"


def _serializer() -> URLSafeTimedSerializer:
    return timed_serializer("devices", "device")
