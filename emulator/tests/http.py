"""Plain HTTP to the emulator, for what the SDK would never send."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from stripe_emulator import Emulator

KEY = {"Authorization": f"Bearer {Emulator.secret_key}"}
PINNED = {**KEY, "Stripe-Version": "2026-10-28.endive"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """Stripe's error hash."""
        error: dict[str, Any] = self.json["error"]
        return error


def send(url: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
    """Send one request; a dict becomes a form."""
    headers = dict(PINNED if headers is None else headers)
    if isinstance(body, dict):
        body, headers = urlencode(body), {**FORM, **headers}
    parts = urlsplit(url)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        with connection.getresponse() as response:
            return Answer(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()
