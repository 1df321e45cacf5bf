"""The part of `flask billing check` that asks the running site, through its public address."""

import hashlib
import hmac
import json
import secrets
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from app.billing.gateway.client import api_version
from app.billing.models.stripe import StripeEvent
from app.billing.setup.checks import Check, Checks, Mark, passes_if
from app.billing.setup.webhook_endpoint import PATH as WEBHOOK_PATH
from app.config.settings import Settings
from app.database import db
from app.health import sign_question

SECONDS = 10
# Kept for documentation (RFC 5737): nobody calls from there, and so whatever stands behind it was added on the way.
MADE_UP = "203.0.113.7"
# A body that dawdles so long arrives in one piece only where a proxy waits for it.
PAUSE = 1.0


def site_checks(settings: Settings) -> Checks:
    """What stands between people and the site, as a question that goes the same way finds it."""
    try:
        arrival = _ask(settings)
    except (OSError, HTTPException, ValueError, KeyError) as error:
        why = f"{settings.site_url} does not answer as this site ({type(error).__name__})"
        yield passes_if(settings, False, "the site answers at BASE_URL", why)
        return
    yield Check(Mark.OK, "the site answers at BASE_URL")
    yield _proxies(settings, arrival["forwarded"])
    is_buffered = arrival["waited"] < PAUSE / 2
    slow = "slow senders hold workers: let a proxy take bodies in before it passes them on (docs/deploy)"
    yield passes_if(settings, is_buffered, "a proxy waits for slow bodies", slow)


def deliver(settings: Settings) -> Check:
    """Send a signed event as Stripe does, and see whether it is recorded in the database of this command."""
    name = "a signed event arrives"
    event_id = f"evt_check_{secrets.token_hex(12)}"
    body = json.dumps(_event(event_id, settings)).encode()
    try:
        status = _send(settings, WEBHOOK_PATH, body, _signature(body, settings))[0]
    except (OSError, HTTPException) as error:
        return Check(Mark.FAIL, name, f"{settings.site_url} does not answer ({type(error).__name__})")
    if status != 200:
        return Check(Mark.FAIL, name, f"{settings.site_url}{WEBHOOK_PATH} answers {status}")
    db.session.rollback()
    if db.session.get(StripeEvent, event_id) is None:
        return Check(Mark.FAIL, name, "it was taken, and is not in the database of this command")
    return Check(Mark.OK, name)


def _proxies(settings: Settings, forwarded: list[str]) -> Check:
    """Compare TRUSTED_PROXIES with how many addresses were added behind the one that we made up."""
    name, trusted = "TRUSTED_PROXIES is right", settings.trusted_proxies
    found = len(forwarded[::-1][: forwarded[::-1].index(MADE_UP)]) if MADE_UP in forwarded else len(forwarded)
    if found > trusted:
        why = f"it is {trusted}, and there are {found}: all clients share one limit"
        return passes_if(settings, False, name, why)
    elif found < trusted:
        why = f"it is {trusted}, and there are {found}: anybody can choose the address that limits count"
        return passes_if(settings, False, name, why)
    else:
        return Check(Mark.OK, name)


def _ask(settings: Settings) -> Any:
    headers = {"Authorization": f"Bearer {sign_question()}", "X-Forwarded-For": MADE_UP}
    status, answer = _send(settings, "/healthz/arrival", b"{}", headers, pause=PAUSE)
    if status != 200:
        raise ValueError(status)
    return json.loads(answer)


def _send(
    settings: Settings, path: str, body: bytes, headers: dict[str, str], *, pause: float = 0
) -> tuple[int, bytes]:
    address = urlsplit(settings.site_url)
    kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
    with closing(kind(address.hostname or "", address.port, timeout=SECONDS)) as connection:
        connection.putrequest("POST", path)
        for header, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            connection.putheader(header, value)
        connection.endheaders()
        time.sleep(pause)
        connection.send(body)
        answer = connection.getresponse()
        return answer.status, answer.read()


def _event(event_id: str, settings: Settings) -> dict[str, Any]:
    """An event of a kind that changes nothing."""
    return {
        "id": event_id,
        "object": "event",
        "api_version": api_version(),
        "type": "perennial.delivery_check",
        "created": int(time.time()),
        "livemode": settings.livemode,
        "data": {"object": {"id": event_id, "object": "delivery_check"}},
    }


def _signature(body: bytes, settings: Settings) -> dict[str, str]:
    """https://docs.stripe.com/webhooks/signature"""
    at, secret = int(time.time()), (settings.webhook_secrets or [""])[0]
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={mac}"}
