"""The one webhook endpoint in Stripe: at our address, for the events we handle, at the SDK's API version."""

import hashlib
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import sqlalchemy as sa

from app.billing.errors import StripeObjectMissing
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import StripeGateway, StripeObject, api_version
from app.billing.models.stripe import StripeEvent
from app.billing.setup.push_run import PushRun
from app.billing.statuses import EventOutcome
from app.billing.webhooks.process import HANDLED_TYPES
from app.config.settings import Settings
from app.database import db, end_transaction, utcnow

PATH = "/webhooks/stripe"
LOOKED_BACK = timedelta(days=3)
# One page. Who has more has one trouble, not a hundred.
MOST = 100


def push(run: PushRun) -> None:
    """Leave exactly one endpoint at our address; where Stripe cannot reach it, tell how to listen instead."""
    if not can_be_reached(run.settings):
        events = ",".join(sorted(HANDLED_TYPES))
        run.listen_command = f"stripe listen --events {events} --forward-to {url(run.settings)}"
        return
    endpoints = find_all(run.gateway, run.settings)
    kept = next((endpoint for endpoint in endpoints if _can_be_kept(run, endpoint)), None)
    if kept is None:
        kept = _create(run)
    else:
        _update(run, kept)
    for endpoint in endpoints:
        if endpoint["id"] != kept["id"]:
            _remove(run, endpoint)


def url(settings: Settings) -> str:
    """Where Stripe delivers events."""
    return settings.site_url + PATH


def can_be_reached(settings: Settings) -> bool:
    """Whether Stripe, or what stands in for it, can deliver to our address."""
    return settings.site_url.startswith("https://") or settings.stripe_base is not None


def find_all(gateway: StripeGateway, settings: Settings) -> list[StripeObject]:
    """Every endpoint at our address, newest first; they belong to the key's account, not a connected one."""
    with gateway.errors():
        pages = gateway.v1.webhook_endpoints.list({"limit": 100}).auto_paging_iter()
        return [endpoint.to_dict() for endpoint in pages if endpoint.url == url(settings)]


def problem_with(endpoint: StripeObject) -> str | None:
    """Why this endpoint does not send all that we handle, as we read it; None when it does."""
    if endpoint["api_version"] != api_version():
        return f"it sends version {endpoint['api_version']}, not {api_version()}; run `flask billing push`"
    elif endpoint["status"] != "enabled":
        return "it is switched off; run `flask billing push`"
    elif set(endpoint["enabled_events"]) != set(HANDLED_TYPES):
        return "it does not send exactly the events that are handled; run `flask billing push`"
    else:
        return None


def _can_be_kept(run: PushRun, endpoint: StripeObject) -> bool:
    """What only creation can set must be right: the version, whose events, and a secret that we know."""
    if endpoint["api_version"] != api_version() or endpoint["metadata"].get("connect", "false") != _is_connect(run):
        return False
    else:
        return not run.settings.uses_emulator or _secret_is_kept(run.settings.emulator_secret_file, endpoint)


def _create(run: PushRun) -> StripeObject:
    """Make the endpoint, and keep its secret; Stripe gives one that was made so today again, secret and all."""
    params: dict[str, Any] = {
        "url": url(run.settings),
        "api_version": api_version(),
        "enabled_events": sorted(HANDLED_TYPES),
        "description": run.settings.app_name,
        "metadata": {"connect": _is_connect(run)},
    }
    if run.scope.is_connected:
        params["connect"] = True
    service = run.gateway.v1.webhook_endpoints
    endpoint = run.create("webhook endpoint", service, params, scope=replace(run.scope, is_connected=False))
    if run.is_dry:
        return endpoint
    run.webhook_secret = str(endpoint["secret"])
    if run.settings.uses_emulator:
        _keep_secret(run.settings.emulator_secret_file, run.webhook_secret)
        with run.gateway.errors():
            service.update(endpoint["id"], {"metadata": {"secret": _fingerprint(run.webhook_secret)}})
    return endpoint


def _update(run: PushRun, endpoint: StripeObject) -> None:
    if problem_with(endpoint) is None:
        run.tell("unchanged", "webhook endpoint", endpoint["id"])
        return
    run.tell("updated", "webhook endpoint", endpoint["id"])
    if not run.is_dry:
        wanted = {"enabled_events": sorted(HANDLED_TYPES), "disabled": False}
        with run.gateway.errors():
            run.gateway.v1.webhook_endpoints.update(endpoint["id"], wanted)


def _remove(run: PushRun, endpoint: StripeObject) -> None:
    run.tell("removed", "webhook endpoint", endpoint["id"])
    if not run.is_dry:
        # Another push may have removed it this moment.
        with suppress(StripeObjectMissing), run.gateway.errors():
            run.gateway.v1.webhook_endpoints.delete(endpoint["id"])


def _is_connect(run: PushRun) -> str:
    return "true" if run.scope.is_connected else "false"


def _keep_secret(file: Path, secret: str) -> None:
    """Write the secret for this machine's user alone, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=file.parent, prefix=file.name, delete=False) as draft:
        draft.write(secret)
    Path(draft.name).replace(file)


def _secret_is_kept(file: Path, endpoint: StripeObject) -> bool:
    # Stripe tells a secret once. The fingerprint shows whether the one on disk is still this endpoint's.
    return file.exists() and endpoint["metadata"].get("secret") == _fingerprint(file.read_text().strip())


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def undelivered_events(gateway: StripeGateway, scope: StripeScope) -> list[str]:
    """The ids of the last days' events that we want and have not had, however they came in the end.

    Raises `StripeUnavailable` when Stripe cannot be asked. Commits.
    """
    end_transaction()
    since = int((utcnow() - LOOKED_BACK).timestamp())
    params = {"delivery_success": False, "created": {"gte": since}, "limit": MOST}
    with gateway.errors():
        events = gateway.v1.events.list(params, scope.options()).data
    wanted = [event.id for event in events if event.type in HANDLED_TYPES]
    settled = sa.select(StripeEvent.id).where(StripeEvent.id.in_(wanted), StripeEvent.outcome != EventOutcome.FAILED)
    arrived = set(db.session.scalars(settled))
    db.session.commit()
    return [event_id for event_id in wanted if event_id not in arrived]
