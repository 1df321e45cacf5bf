"""The rules of the settings: what is malformed, and what production refuses."""

import re
from collections.abc import Iterator
from email.utils import getaddresses
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.config.settings import Settings, is_loopback
from app.languages import FOLDER, SOURCE

SECRET_KEY_BYTES = 32
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII | re.IGNORECASE)


def problems_with(settings: Settings) -> list[str]:
    """List, by setting name and without a secret's value, why these settings cannot be used."""
    problems = [*_malformed(settings)]
    if settings.is_production:
        problems += _unsafe_in_production(settings)
    elif "app_env" not in settings.model_fields_set and (sign := _sign_of_production(settings)):
        problems.append(
            f"APP_ENV: is not set, but {sign}. Is this production? Set APP_ENV=production; else APP_ENV=development"
        )
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
    if not all(_HOST.fullmatch(host) for host in settings.checkout_hosts):
        yield "CHECKOUT_DOMAINS: must be host names such as pay.example.com, several after commas"
    bot_keys = settings.bot_check_site_key and settings.bot_check_secret_key.get_secret_value()
    if bool(settings.bot_check) != bool(bot_keys):
        yield "BOT_CHECK: goes with BOT_CHECK_SITE_KEY and BOT_CHECK_SECRET_KEY, and they with it"
    yield from _unknown_languages(settings)
    yield from _malformed_addresses(settings)
    yield from _half_set_providers(settings)


def _half_set_providers(settings: Settings) -> Iterator[str]:
    """Ways to sign in elsewhere that are set in part, or whose answers anybody on the way could change."""
    issuer = settings.login_oidc_issuer
    for name in ("google", "github", "oidc"):
        id, secret = getattr(settings, f"login_{name}_client_id"), getattr(settings, f"login_{name}_client_secret")
        if bool(id) != bool(secret.get_secret_value()):
            yield f"LOGIN_{name.upper()}_CLIENT_ID: goes with LOGIN_{name.upper()}_CLIENT_SECRET, never alone"
    if bool(issuer) != bool(settings.login_oidc_client_id):
        yield "LOGIN_OIDC_ISSUER: goes with LOGIN_OIDC_CLIENT_ID, never alone"
    for name, address in {"LOGIN_OIDC_ISSUER": issuer, "LOGIN_GITHUB_URL": settings.login_github_url}.items():
        is_local = not settings.is_production and is_loopback(urlsplit(address).hostname or "")
        if address and not _is_address(address, ("https", "http") if is_local else ("https",)):
            yield f"{name}: must be an https address"


def _unknown_languages(settings: Settings) -> Iterator[str]:
    if not settings.language_codes:
        yield f"LANGUAGES: needs a language, such as {SOURCE}"
    for code in settings.language_codes:
        if code != SOURCE and not (FOLDER / code / "LC_MESSAGES" / "messages.mo").is_file():
            yield f"LANGUAGES: {code} has no texts in translations/"


def _sign_of_production(settings: Settings) -> str | None:
    """What looks as if real customers were served; a development server would show them its insides."""
    if settings.livemode:
        return "STRIPE_SECRET_KEY is a live key"
    elif settings.base_url.startswith("https://"):
        return "BASE_URL is an https address"
    elif _is_on_another_host(settings.database_url.get_secret_value()):
        return "DATABASE_URL leads to another host"
    else:
        return None


def _is_on_another_host(database_url: str) -> bool:
    host = make_url(database_url).host if _is_database(database_url) else None
    return host is not None and not is_loopback(host)


def _malformed_addresses(settings: Settings) -> Iterator[str]:
    links = {f"STRIPE_PAYMENT_LINK_{key.upper()}": link for key, link in settings.stripe_payment_links.items()}
    addresses = {
        "BASE_URL": settings.base_url,
        "STRIPE_API_BASE": settings.stripe_api_base,
        "PWNED_PASSWORDS_API": settings.pwned_passwords_api,
    }
    for name, value in (addresses | links).items():
        if value and not _is_address(value, ("http", "https")):
            yield f"{name}: must be an absolute http(s) address"
    if _is_address(settings.base_url, ("http", "https")) and _has_path(settings.base_url):
        yield "BASE_URL: must end with the host or port; a site below a path is not supported"
    database_url = settings.database_url.get_secret_value()
    if database_url and not _is_database(database_url):
        yield "DATABASE_URL: must look like postgresql://user:pass@host:port/name or sqlite:///file"
    redis_url = settings.redis_url.get_secret_value()
    if redis_url and not _is_address(redis_url, ("redis", "rediss", "unix"), needs_host=False):
        yield "REDIS_URL: must look like redis://:pass@host:port/0 or rediss://…"
    sentry_dsn = settings.sentry_dsn.get_secret_value()
    if sentry_dsn and not _is_address(sentry_dsn, ("http", "https")):
        yield "SENTRY_DSN: must look like https://key@host/project"
    mail_url = settings.mail_url.get_secret_value()
    if mail_url and not _is_address(mail_url, ("smtp", "smtps")):
        yield "MAIL_URL: must look like smtp://user:pass@host:port"
    if not _is_sender(settings.mail_from):
        yield "MAIL_FROM: must be one address, such as Acme <hello@example.com> (quotes around a name with a comma)"
    if not all(_is_mailbox(address) for address in settings.operator_addresses):
        yield "OPERATOR_EMAIL: must be an address such as ops@example.com, or several after commas"


def _is_address(value: str, schemes: tuple[str, ...], *, needs_host: bool = True) -> bool:
    try:
        address = urlsplit(value)
        has_place = address.port != 0 and bool(address.hostname or not needs_host)
        # As the socket will have it: `mail..example.com` is no name.
        (address.hostname or "").encode("idna")
    except ValueError:
        # A bracket in a password is enough. The reason would quote it.
        return False
    return address.scheme in schemes and has_place


def _has_path(address: str) -> bool:
    parts = urlsplit(address)
    return parts.path not in ("", "/") or bool(parts.query or parts.fragment)


def _is_sender(text: str) -> bool:
    """Whether this is one address that mail can be sent from, with or without a name."""
    addresses = getaddresses([text])
    return len(addresses) == 1 and text.count("@") == 1 and _is_mailbox(addresses[0][1])


def _is_mailbox(address: str) -> bool:
    """Whether mail can be sent to this address; it has no name beside it."""
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


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
    if secret_key and publishable_key and ("_live_" in secret_key[:8]) != ("_live_" in publishable_key[:8]):
        yield "STRIPE_PUBLISHABLE_KEY: is of another mode (test or live) than STRIPE_SECRET_KEY"
    if not _parts(settings.stripe_webhook_secret.get_secret_value()):
        yield "STRIPE_WEBHOOK_SECRET: is required in production"
    if _is_address(settings.stripe_api_base, ("http", "https")) and settings.stripe_base_is_local:
        yield "STRIPE_API_BASE: the emulator and other local or unencrypted servers are refused in production"


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
