"""Read the environment, check it, and say in one message all that is wrong with it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from click import ClickException
from dotenv import dotenv_values
from pydantic import ValidationError
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.billing.catalog.checks import problems_with_catalog
from app.billing.catalog.plans import Catalog
from app.config.settings import ROOT, Settings

SECRET_KEY_BYTES = 32


class SettingsError(ClickException):
    """The settings cannot be used; the message lists every problem by setting name, also under `flask`."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(["The settings have problems:", *(f"  - {problem}" for problem in problems)]))


class CatalogError(ClickException):
    """Nothing can be sold from this catalogue; the message lists every problem by plan and field."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"app/catalog.py: {problem}" for problem in problems))


def load_catalog() -> Catalog:
    """What this site sells, from `app/catalog.py`; raise `CatalogError` when that file cannot be read."""
    try:
        from app.catalog import CATALOG
    except (TypeError, AttributeError) as error:
        raise CatalogError([str(error)]) from error
    return CATALOG


def check_catalog(catalog: Catalog) -> None:
    """Raise `CatalogError` when something in the catalogue cannot be sold as it stands."""
    if problems := problems_with_catalog(catalog):
        raise CatalogError(problems)


def load_settings(catalog: Catalog, **overrides: Any) -> Settings:
    """Read the environment (and `.env` in development); raise `SettingsError` with every problem."""
    env_file = ROOT / ".env" if os.environ.get("APP_ENV", "development") == "development" else None
    settings, problems = _read(env_file, _settings_of_plans(catalog, env_file) | overrides)
    problems += problems_with(settings)
    if problems:
        raise SettingsError(problems)
    return settings


def _settings_of_plans(catalog: Catalog, env_file: Path | None) -> dict[str, dict[str, str]]:
    """The settings whose names follow the catalogue: STRIPE_PRICE_PRO, STRIPE_PAYMENT_LINK_LIFETIME."""
    environment = {**(dotenv_values(env_file) if env_file else {}), **os.environ}
    given = {name: value.strip() for name, value in environment.items() if value and value.strip()}
    links = {plan.key: f"STRIPE_PAYMENT_LINK_{plan.key.upper()}" for plan in catalog.plans if plan.is_one_time}
    return {
        "stripe_price_ids": {p.setting: given[p.setting] for p in catalog.prices if p.setting in given},
        "stripe_payment_links": {key: given[name] for key, name in links.items() if name in given},
    }


def _read(env_file: Path | None, overrides: dict[str, Any]) -> tuple[Settings, list[str]]:
    try:
        return Settings(_env_file=env_file, **overrides), []
    except ValidationError as error:
        bad = {str(item["loc"][0]).lower(): item["msg"] for item in error.errors()}
    # Defaults in place of the bad ones, so that the rules between settings are checked in the same go.
    defaults = {name: Settings.model_fields[name].default for name in bad}
    return Settings(_env_file=env_file, **{**overrides, **defaults}), [f"{n.upper()}: {m}" for n, m in bad.items()]


def problems_with(settings: Settings) -> list[str]:
    """List, by setting name and without a secret's value, why these settings cannot be used."""
    problems = [*_malformed(settings)]
    if settings.is_production:
        problems += _unsafe_in_production(settings)
    return problems


def _malformed(settings: Settings) -> Iterator[str]:
    secret_key = settings.stripe_secret_key.get_secret_value()
    if secret_key and not secret_key.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
        yield "STRIPE_SECRET_KEY: must start with sk_test_, sk_live_, rk_test_ or rk_live_"
    if settings.stripe_publishable_key and not settings.stripe_publishable_key.startswith(("pk_test_", "pk_live_")):
        yield "STRIPE_PUBLISHABLE_KEY: must start with pk_test_ or pk_live_"
    if any(not secret.startswith("whsec_") for secret in _parts(settings.stripe_webhook_secret.get_secret_value())):
        yield "STRIPE_WEBHOOK_SECRET: each secret must start with whsec_"
    if settings.stripe_connect_client_id and not settings.stripe_connect_client_id.startswith("ca_"):
        yield "STRIPE_CONNECT_CLIENT_ID: must start with ca_"
    yield from _malformed_addresses(settings)


def _malformed_addresses(settings: Settings) -> Iterator[str]:
    links = {f"STRIPE_PAYMENT_LINK_{key.upper()}": link for key, link in settings.stripe_payment_links.items()}
    for name, value in {"BASE_URL": settings.base_url, "STRIPE_API_BASE": settings.stripe_api_base, **links}.items():
        if value and not _is_address(value, ("http", "https")):
            yield f"{name}: must be an absolute http(s) address"
    database_url = settings.database_url.get_secret_value()
    if database_url and not _is_database(database_url):
        yield "DATABASE_URL: must look like postgresql://user:pass@host:port/name or sqlite:///file"
    redis_url = settings.redis_url.get_secret_value()
    if redis_url and not _is_address(redis_url, ("redis", "rediss", "unix"), needs_host=False):
        yield "REDIS_URL: must look like redis://:pass@host:port/0 or rediss://…"
    mail_url = settings.mail_url.get_secret_value()
    if mail_url and not _is_address(mail_url, ("smtp", "smtps")):
        yield "MAIL_URL: must look like smtp://user:pass@host:port"


def _is_address(value: str, schemes: tuple[str, ...], *, needs_host: bool = True) -> bool:
    try:
        address = urlsplit(value)
        has_place = address.port != 0 and bool(address.hostname or not needs_host)
    except ValueError:
        # A bracket in a password is enough. The reason would quote it.
        return False
    return address.scheme in schemes and has_place


def _is_database(url: str) -> bool:
    try:
        make_url(url)
    except (ValueError, ArgumentError):
        return False
    return url.startswith(("postgresql://", "postgresql+psycopg://", "postgres://", "sqlite:"))


def _unsafe_in_production(settings: Settings) -> Iterator[str]:
    keys = _parts(settings.secret_key.get_secret_value())
    if not keys:
        yield "SECRET_KEY: is required in production"
    elif any(len(key.encode()) < SECRET_KEY_BYTES for key in keys):
        yield f"SECRET_KEY: each key must be at least {SECRET_KEY_BYTES} bytes long"
    yield from _unsafe_stripe(settings)
    if not settings.base_url.startswith("https://"):
        yield "BASE_URL: must be an https address in production"
    if settings.sqlalchemy_url.startswith("sqlite") and not settings.allow_sqlite_in_production:
        yield "DATABASE_URL: must be postgresql://… in production (or set ALLOW_SQLITE_IN_PRODUCTION=true)"


def _unsafe_stripe(settings: Settings) -> Iterator[str]:
    secret_key = settings.stripe_secret_key.get_secret_value()
    publishable_key = settings.stripe_publishable_key
    if not secret_key:
        yield "STRIPE_SECRET_KEY: is required in production"
    if not publishable_key:
        yield "STRIPE_PUBLISHABLE_KEY: is required in production"
    if secret_key and publishable_key and ("_live_" in secret_key[:8]) != ("_live_" in publishable_key[:8]):
        yield "STRIPE_PUBLISHABLE_KEY: is of another mode (test or live) than STRIPE_SECRET_KEY"
    if not _parts(settings.stripe_webhook_secret.get_secret_value()):
        yield "STRIPE_WEBHOOK_SECRET: is required in production"
    if _is_address(settings.stripe_api_base, ("http", "https")) and settings.stripe_base_is_local:
        yield "STRIPE_API_BASE: the emulator and other local or unencrypted servers are refused in production"


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
