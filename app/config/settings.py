"""Every setting, typed."""

import hashlib
import os
import secrets
from collections.abc import Mapping
from email.utils import parseaddr
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
EMULATOR_SECRET_KEY = "sk_test_perennial_emulator_000000"  # noqa: S105  # Opens nothing but the emulator.


class Settings(BaseSettings):
    """Every setting of the contract, typed. Secrets are `SecretStr`, so that no repr shows one."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    app_env: Literal["development", "testing", "production"] = "development"
    app_name: str = "Perennial"
    support_email: str = ""
    base_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(5000, ge=1, le=65535)
    emulator_port: int = Field(12111, ge=1, le=65535)
    languages: str = "en,de"
    trusted_proxies: int = Field(0, ge=0, le=10)
    hsts_include_subdomains: bool = False

    secret_key: SecretStr = SecretStr("")
    database_url: SecretStr = SecretStr("")
    database_pooler: bool = False
    allow_sqlite_in_production: bool = False
    redis_url: SecretStr = SecretStr("")
    instance_path: Path = Field(ROOT / "instance", validation_alias=AliasChoices("instance_path", "INSTANCE_PATH"))

    stripe_secret_key: SecretStr = SecretStr("")
    stripe_publishable_key: str = ""
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_api_base: str = ""
    stripe_connect_client_id: str = ""
    checkout_domains: str = ""
    stripe_automatic_tax: bool = False
    stripe_managed_payments: bool = False
    # By the names of their settings, which follow the catalogue: {"STRIPE_PRICE_PRO": "price_…"}.
    stripe_price_ids: Annotated[Mapping[str, str], NoDecode] = {}
    stripe_payment_links: Annotated[Mapping[str, str], NoDecode] = {}

    currency: str = ""  # Sell in this one of the catalogue's alone; empty lets the visitor choose.
    trial_days: int = Field(0, ge=0, le=730)
    past_due_grace_days: int = Field(7, ge=0, le=90)
    mail_url: SecretStr = SecretStr("")
    mail_from: str = "Perennial <hello@example.com>"
    operator_email: str = ""
    step_up_for_portal: bool = False
    login_google_client_id: str = ""
    login_google_client_secret: SecretStr = SecretStr("")
    login_github_client_id: str = ""
    login_github_client_secret: SecretStr = SecretStr("")
    login_github_url: str = "https://github.com"
    login_oidc_issuer: str = ""
    login_oidc_name: str = "Single sign-on"
    login_oidc_client_id: str = ""
    login_oidc_client_secret: SecretStr = SecretStr("")
    login_links: bool = False
    second_factor_for: Literal["admins", "everybody", ""] = ""
    view_as_user: bool = True
    pwned_passwords_check: bool = False
    pwned_passwords_api: str = "https://api.pwnedpasswords.com"
    bot_check: Literal["turnstile", "hcaptcha", ""] = ""
    bot_check_site_key: str = ""
    bot_check_secret_key: SecretStr = SecretStr("")
    bot_check_verify_url: str = ""  # Another server than the provider's: see `app/bot_check.py`.
    metrics_token: SecretStr = SecretStr("")
    sentry_dsn: SecretStr = SecretStr("")
    log_format: Literal["text", "json", ""] = ""

    @property
    def is_production(self) -> bool:
        return self.app_env == "production"

    @property
    def site_url(self) -> str:
        """The absolute address of the site, without a trailing slash."""
        return (self.base_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def site_id(self) -> str:
        """A short name of this site for what it shares with others, such as one Redis."""
        return hashlib.sha256(self.site_url.encode()).hexdigest()[:12]

    @property
    def uses_emulator(self) -> bool:
        """Whether there is no Stripe key, so that the emulator of this repository stands in."""
        return not self.stripe_secret_key.get_secret_value() and not self.is_production

    @property
    def stripe_key(self) -> str:
        return EMULATOR_SECRET_KEY if self.uses_emulator else self.stripe_secret_key.get_secret_value()

    @property
    def stripe_base(self) -> str | None:
        """Where the SDK sends its requests; None is Stripe's own address."""
        if self.stripe_api_base:
            return self.stripe_api_base.rstrip("/")
        else:
            return self.emulator_url if self.uses_emulator else None

    @property
    def emulator_url(self) -> str:
        """Where the emulator listens: at the port that was set, else at the one that `make run` found free."""
        port = str(self.emulator_port)
        if not self.sets_emulator_port and self.emulator_port_file.exists():
            port = self.emulator_port_file.read_text().strip() or port
        return f"http://127.0.0.1:{port}"

    @property
    def sets_emulator_port(self) -> bool:
        """Whether somebody chose the emulator's port, so that no other will do."""
        return "emulator_port" in self.model_fields_set

    @property
    def emulator_port_file(self) -> Path:
        """Tells the commands beside a running site where its emulator is."""
        return self.instance_path / "emulator_port"

    @property
    def livemode(self) -> bool:
        return self.stripe_key.startswith(("sk_live_", "rk_live_"))

    @property
    def webhook_secrets(self) -> list[str]:
        """The endpoint secrets, newest first; with the emulator, the one that `flask billing push` kept."""
        configured = _split(self.stripe_webhook_secret)
        if not configured and self.uses_emulator and self.emulator_secret_file.exists():
            configured = [self.emulator_secret_file.read_text().strip()]
        return configured

    @property
    def emulator_secret_file(self) -> Path:
        return self.instance_path / "emulator_webhook_secret"

    @cached_property
    def secret_keys(self) -> list[str]:
        """The signing keys, newest first; in development the first start writes one into `instance/`."""
        return _split(self.secret_key) or [_generated_secret_key(self.instance_path / "secret_key")]

    @property
    def sqlalchemy_url(self) -> str:
        url = self.database_url.get_secret_value()
        if not url:
            # A folder may be called anything, `feature%2Flogin` too.
            return f"sqlite:///{quote(str(self.instance_path / 'perennial.sqlite3'))}"
        for prefix in ("postgresql://", "postgres://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url.removeprefix(prefix)
        return url

    @property
    def support_address(self) -> str:
        """Where people write to for help."""
        return self.support_email or parseaddr(self.mail_from)[1]

    @property
    def language_codes(self) -> list[str]:
        """The languages of the pages and mails; the first is that of who has chosen none."""
        return [code.strip() for code in self.languages.split(",") if code.strip()]

    @property
    def checkout_hosts(self) -> list[str]:
        """The custom domains that Checkout and the portal stand at."""
        return [host.strip() for host in self.checkout_domains.split(",") if host.strip()]

    @property
    def operator_addresses(self) -> list[str]:
        """Where alerts are mailed to."""
        return [address.strip() for address in self.operator_email.split(",") if address.strip()]

    @property
    def logs_json(self) -> bool:
        return self.log_format == "json" or (not self.log_format and self.is_production)

    @property
    def stripe_base_is_local(self) -> bool:
        """Whether the API base is one that production must refuse: loopback, or not https."""
        address = urlsplit(self.stripe_api_base)
        return bool(self.stripe_api_base) and (address.scheme != "https" or is_loopback(address.hostname or ""))


def _split(secret: SecretStr) -> list[str]:
    return [part.strip() for part in secret.get_secret_value().split(",") if part.strip()]


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _generated_secret_key(file: Path) -> str:
    """The key kept in `file`, written first when it is not there; two starts at once agree on one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(file, "x", opener=_private) as handle:
            handle.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return file.read_text().strip()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
