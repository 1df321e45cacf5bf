"""Errors go to Sentry where SENTRY_DSN is set: what is logged as an error, without what a visitor sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.logs import current_facts, without_secrets

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

    from app.config.settings import Settings


def init_sentry(settings: Settings) -> None:
    """Report errors from now on; the SDK is imported only where it is used.

    Every exception that matters is logged, so listening to the log is enough: no integration looks into requests,
    which would slow each of them down, and see cookies, forms and addresses. Nothing of it runs in the browser, so the
    Content-Security-Policy stays as it is.
    """
    if not settings.sentry_dsn.get_secret_value():
        return
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration

    sentry_sdk.init(
        dsn=settings.sentry_dsn.get_secret_value(),
        environment=settings.app_env,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[LoggingIntegration(level=None), DedupeIntegration(), AtexitIntegration(lambda *_: None)],
        before_send=_scrub,
        include_local_variables=False,
        max_breadcrumbs=0,
        server_name="",
    )


def _scrub(event: Event, hint: Hint) -> Event:
    """Say which request it was by our own ids, and take out what looks like a secret."""
    facts = {name: str(value) for name, value in current_facts().items()}
    event["user"] = {"id": facts.pop("user_id")} if "user_id" in facts else {}
    event["tags"] = {**event.get("tags", {}), **facts}
    return _without_secrets(event)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    elif isinstance(value, dict):
        return {name: _without_secrets(item) for name, item in value.items()}
    elif isinstance(value, list):
        return [_without_secrets(item) for item in value]
    else:
        return value
