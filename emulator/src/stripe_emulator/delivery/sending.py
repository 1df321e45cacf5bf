"""Sending one event to one webhook endpoint over HTTP."""

import http.client
import json
import ssl
import time
from urllib.parse import urlsplit

from stripe_emulator.delivery.signing import signature_header
from stripe_emulator.state.deliveries import Attempt
from stripe_emulator.state.documents import Json

_MAX_RESPONSE_BYTES = 64 * 1024
_CHUNK = 8 * 1024


def send(url: str, payload: str, secrets: list[str], timeout: float) -> Attempt:
    """POST the payload once; what goes wrong is part of the result, never an exception."""
    started, clock = time.time(), time.monotonic()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Accept": "*/*; q=0.5, application/xml",
        "Cache-Control": "no-cache",
        "Stripe-Signature": signature_header(payload, secrets, int(started)),
    }
    status: int | None = None
    response_headers: dict[str, str] = {}
    body, error = "", None
    try:
        status, response_headers, body = _post(url, payload.encode(), headers, timeout)
    except TimeoutError:
        error = f"Timed out after {timeout:g} seconds"
    except (OSError, http.client.HTTPException, ValueError) as problem:
        error = f"{type(problem).__name__}: {problem}"
    duration = time.monotonic() - clock
    return Attempt(started, duration, url, headers, payload, status, response_headers, body, error)


def payload_of(event: Json) -> str:
    """Return the event as the text that is signed and sent."""
    return json.dumps(event, indent=2)


def _post(url: str, body: bytes, headers: dict[str, str], timeout: float) -> tuple[int, dict[str, str], str]:
    deadline = time.monotonic() + timeout
    connection = _connection(url, timeout)
    try:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, headers)
        response = connection.getresponse()
        with response:
            return response.status, dict(response.getheaders()), _read(response, deadline)
    finally:
        connection.close()


def _connection(url: str, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.hostname is None:
        raise ValueError("the address has no host")
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=context)
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)


def _read(response: http.client.HTTPResponse, deadline: float) -> str:
    """Read the answer, but not for longer than an attempt may take, nor more than is worth keeping."""
    received = b""
    while len(received) < _MAX_RESPONSE_BYTES:
        chunk = response.read1(_CHUNK)
        if not chunk:
            break
        received += chunk
        if time.monotonic() > deadline:
            raise TimeoutError
    return received.decode(errors="replace")
