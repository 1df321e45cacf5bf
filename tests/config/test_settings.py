import re
from dataclasses import replace

import pytest

from app.billing.catalog.plans import Plan, monthly
from app.config.load import SettingsError, load_settings
from app.config.settings import ROOT, Settings
from tests.catalogue import CATALOG

GOOD = {
    "APP_ENV": "production",
    "SECRET_KEY": "k" * 32,
    "BASE_URL": "https://example.com",
    "DATABASE_URL": "postgresql://user:hunter2@db/perennial",
    "STRIPE_SECRET_KEY": "sk_live_secret0000000000",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_public0000000000",
    "STRIPE_WEBHOOK_SECRET": "whsec_secret",
}

OIDC = {"LOGIN_OIDC_CLIENT_ID": "id", "LOGIN_OIDC_CLIENT_SECRET": "secret"}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    """Load settings from exactly this environment, whatever `.env` holds."""

    def load_from(environment: dict[str, str]) -> Settings:
        for name in (*Settings.model_fields, "secret_key"):
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return load_settings(CATALOG, env_file=None)

    return load_from


def test_production_starts_with_a_whole_set(load):
    settings = load(GOOD)

    assert settings.is_production
    assert settings.livemode
    assert settings.logs_json
    assert settings.sqlalchemy_url.startswith("postgresql+psycopg://")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": f"{'a' * 32}, short"}, "SECRET_KEY"),
        ({"SECRET_KEY": f"{'a' * 32},short"}, "SECRET_KEY"),
        ({"STRIPE_SECRET_KEY": ""}, "STRIPE_SECRET_KEY"),
        ({"STRIPE_PUBLISHABLE_KEY": "pk_test_public0000000000"}, "STRIPE_PUBLISHABLE_KEY"),
        ({"STRIPE_SECRET_KEY": "mk_live_0000000000000000"}, "STRIPE_SECRET_KEY"),
        ({"STRIPE_PUBLISHABLE_KEY": "sk_live_0000000000000000"}, "STRIPE_PUBLISHABLE_KEY"),
        ({"STRIPE_CONNECT_CLIENT_ID": "client"}, "STRIPE_CONNECT_CLIENT_ID"),
        ({"STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_WEBHOOK_SECRET"),
        ({"BASE_URL": "http://example.com"}, "BASE_URL"),
        ({"BASE_URL": ""}, "BASE_URL"),
        ({"BASE_URL": "https://example.com/app"}, "BASE_URL"),
        ({"MAIL_FROM": "Acme, Inc. <hello@example.com>"}, "MAIL_FROM"),
        ({"MAIL_FROM": "hello@"}, "MAIL_FROM"),
        ({"MAIL_FROM": "a@example.com, b@example.com"}, "MAIL_FROM"),
        ({"OPERATOR_EMAIL": "ops@example.com, nobody"}, "OPERATOR_EMAIL"),
        ({"OPERATOR_EMAIL": "Olga <olga@example.com>"}, "OPERATOR_EMAIL"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:///x.sqlite3"}, "DATABASE_URL"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:12111"}, "STRIPE_API_BASE"),
        ({"STRIPE_API_BASE": "https://localhost"}, "STRIPE_API_BASE"),
        ({"STRIPE_API_BASE": "http://stripe.example.com"}, "STRIPE_API_BASE"),
        ({"LOGIN_GOOGLE_CLIENT_ID": "id"}, "LOGIN_GOOGLE_CLIENT_ID"),
        ({"LOGIN_GITHUB_CLIENT_SECRET": "secret"}, "LOGIN_GITHUB_CLIENT_ID"),
        ({"LOGIN_OIDC_ISSUER": "https://sso.example"}, "LOGIN_OIDC_ISSUER"),
        ({"LOGIN_OIDC_CLIENT_ID": "id", "LOGIN_OIDC_CLIENT_SECRET": "secret"}, "LOGIN_OIDC_ISSUER"),
        (OIDC | {"LOGIN_OIDC_ISSUER": "http://127.0.0.1:9000"}, "LOGIN_OIDC_ISSUER"),
        ({"CURRENCY": "xts"}, "CURRENCY"),
        ({"LOGIN_GITHUB_URL": "http://github.example"}, "LOGIN_GITHUB_URL"),
    ],
)
def test_production_refuses(load, change, name):
    with pytest.raises(SettingsError) as refused:
        load(GOOD | change)

    assert [problem.split(":")[0] for problem in refused.value.problems] == [name]


@pytest.mark.parametrize(
    "sign",
    [
        {"STRIPE_SECRET_KEY": "sk_live_secret0000000000"},
        {"BASE_URL": "https://example.com"},
        {"DATABASE_URL": "postgresql://user:hunter2@db.example.com/perennial"},
    ],
)
@pytest.mark.parametrize("unset", [{}, {"APP_ENV": ""}])
def test_what_looks_like_production_is_asked_about(load, sign, unset):
    with pytest.raises(SettingsError, match="Is this production"):
        load(unset | sign)

    assert not load({"APP_ENV": "development"} | sign).is_production


@pytest.mark.parametrize("database", ["postgresql://127.0.0.1/perennial", "postgresql:///perennial?host=/run", ""])
def test_a_database_on_this_machine_is_development(load, database):
    assert load({"DATABASE_URL": database}).app_env == "development"


@pytest.mark.parametrize(
    "change",
    [{"STRIPE_SECRET_KEY": "rk_live_0000000000000000"}, {"STRIPE_CONNECT_CLIENT_ID": "ca_0000000000000000"}],
)
def test_production_takes_a_restricted_key_and_a_connection(load, change):
    load(GOOD | change)


def test_nothing_needs_the_publishable_key(load):
    assert load(GOOD | {"STRIPE_PUBLISHABLE_KEY": ""}).is_production


def test_a_name_with_a_comma_is_quoted(load):
    assert load(GOOD | {"MAIL_FROM": '"Acme, Inc." <hello@example.com>'}).is_production


def test_alerts_can_go_to_several_operators(load):
    settings = load(GOOD | {"OPERATOR_EMAIL": "olga@example.com, oscar@example.com"})

    assert settings.operator_addresses == ["olga@example.com", "oscar@example.com"]


def test_production_takes_sqlite_when_told_to(load):
    settings = load(GOOD | {"DATABASE_URL": "", "ALLOW_SQLITE_IN_PRODUCTION": "true"})

    assert settings.sqlalchemy_url.startswith("sqlite:///")


def test_one_message_lists_every_problem_without_a_secret(load):
    secrets = {"SECRET_KEY": "tooshort-hunter2", "STRIPE_SECRET_KEY": "hunter2", "STRIPE_WEBHOOK_SECRET": "hunter2"}

    with pytest.raises(SettingsError) as refused:
        load(GOOD | secrets | {"PORT": "nonsense", "TRIAL_DAYS": "-1", "BASE_URL": "ftp://x"})

    message = str(refused.value)
    for name in ("SECRET_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "PORT", "TRIAL_DAYS", "BASE_URL"):
        assert f"- {name}:" in message
    assert "hunter2" not in message
    assert "hunter2" not in repr(refused.value.__cause__)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "https://[hunter2"),
        ("BASE_URL", "https://example.com:port"),
        ("STRIPE_API_BASE", "https://[hunter2"),
        ("STRIPE_PAYMENT_LINK_LIFETIME", "https://[hunter2"),
        ("MAIL_URL", "smtp://user:hunter2[@mail:25"),
        ("MAIL_URL", "smtp://user:hunter2\u2100@mail:25"),
        ("MAIL_URL", "smtp://user:hunter2@mail:port"),
        ("MAIL_URL", "smtp://"),
        ("MAIL_URL", "smtp://user:hunter2@mail..example.com"),
        ("DATABASE_URL", "postgresql://user:hunter2@db:port/perennial"),
        ("REDIS_URL", "redis://:hunter2[@redis"),
        ("REDIS_URL", "redis://:hunter2@redis:port"),
        ("REDIS_URL", "http://:hunter2@redis"),
        ("MAIL_URL", "http://user:hunter2@mail"),
        ("MAIL_URL", "smtp://user:hunter2@mail:0"),
        ("SENTRY_DSN", "hunter2@sentry.example.com"),
        ("DATABASE_URL", "mysql://user:hunter2@db/perennial"),
    ],
)
def test_address_that_cannot_be_read_is_named_without_what_is_in_it(load, name, value):
    with pytest.raises(SettingsError) as refused:
        load(GOOD | {name: value})

    assert [problem.split(":")[0] for problem in refused.value.problems] == [name]
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "rediss://:secret@redis:6380/1"),
        ("REDIS_URL", "unix:///run/redis.sock"),
        ("MAIL_URL", "smtps://user:secret@mail"),
        ("SENTRY_DSN", "https://key@sentry.example.com/1"),
        ("DATABASE_URL", "postgres://user:secret@db/perennial"),
        ("CURRENCY", "usd"),
    ],
)
def test_other_ways_to_write_an_address_or_a_currency_are_taken(load, name, value):
    assert load(GOOD | {name: value}).is_production


def test_settings_never_show_a_secret(load):
    settings = load(GOOD | {"MAIL_URL": "smtp://user:hunter2@mail:25", "REDIS_URL": "redis://:hunter2@redis"})

    shown = repr(settings) + str(settings)

    for secret in ("hunter2", "k" * 32, "sk_live_secret", "whsec_secret"):
        assert secret not in shown


def test_development_without_a_key_uses_the_emulator(load, tmp_path):
    settings = load({"APP_ENV": "testing", "INSTANCE_PATH": str(tmp_path)})

    assert settings.uses_emulator
    assert settings.stripe_base == "http://127.0.0.1:12111"
    assert settings.site_url == "http://127.0.0.1:5000"


def test_two_keys_switch_to_stripe(load):
    settings = load({"APP_ENV": "testing", "STRIPE_SECRET_KEY": "sk_test_x", "STRIPE_PUBLISHABLE_KEY": "pk_test_x"})

    assert not settings.uses_emulator
    assert settings.stripe_base is None
    assert not settings.livemode


def test_several_secrets_are_kept_in_order(load):
    settings = load({"APP_ENV": "testing", "SECRET_KEY": "new, old", "STRIPE_WEBHOOK_SECRET": "whsec_a, whsec_b"})

    assert settings.secret_keys == ["new", "old"]
    assert settings.webhook_secrets == ["whsec_a", "whsec_b"]


def test_development_keeps_the_key_it_generates(load, tmp_path):
    environment = {"APP_ENV": "testing", "INSTANCE_PATH": str(tmp_path)}

    first, second = load(environment).secret_keys, load(environment).secret_keys

    assert first == second
    assert len(first[0]) >= 32
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("unset", [True, False])
def test_the_file_of_settings_is_read_in_development_alone(monkeypatch, tmp_path, unset):
    file, link = tmp_path / ".env", "https://buy.stripe.com/test_1"
    file.write_text(f"TRIAL_DAYS=9\nSTRIPE_PRICE_PRO=price_1\nSTRIPE_PAYMENT_LINK_LIFETIME={link}\n")
    monkeypatch.setenv("INSTANCE_PATH", str(tmp_path))
    if unset:
        monkeypatch.delenv("APP_ENV", raising=False)
    else:
        monkeypatch.setenv("APP_ENV", "development")

    settings = load_settings(CATALOG, env_file=file)

    assert settings.trial_days == 9
    assert settings.stripe_price_ids == {"STRIPE_PRICE_PRO": "price_1"}
    assert settings.stripe_payment_links == {"lifetime": link}
    monkeypatch.setenv("APP_ENV", "testing")
    assert load_settings(CATALOG, env_file=file).trial_days != 9


def test_an_empty_setting_counts_as_unset(load):
    assert load({"APP_ENV": "testing", "PORT": "", "TRIAL_DAYS": ""}).port == 5000


def test_a_plan_may_be_called_ids(monkeypatch: pytest.MonkeyPatch):
    """Its setting then has the name of the field that holds all of them."""
    plan = Plan("ids", name="Ids", role="pro", prices=(monthly(900),))
    monkeypatch.setenv("APP_ENV", "testing")
    monkeypatch.setenv("STRIPE_PRICE_IDS", "price_1")

    settings = load_settings(replace(CATALOG, plans=(plan,)))

    assert settings.stripe_price_ids == {"STRIPE_PRICE_IDS": "price_1"}


def test_every_setting_stands_in_the_example_with_its_default():
    example = dict(
        re.findall(r"^# ([A-Z_]+)= ?((?:[^ \n]| (?! *#))*)", (ROOT / ".env.example").read_text(), re.MULTILINE)
    )
    named_by_the_catalogue = {"stripe_price_ids", "stripe_payment_links"}
    fields = {name: field for name, field in Settings.model_fields.items() if name not in named_by_the_catalogue}
    plain = {name: field.default for name, field in fields.items() if isinstance(field.default, str | int)}
    defaults = {name.upper(): str(value).lower() for name, value in plain.items() if value != ""}

    assert {name.upper() for name in fields} - set(example) == set()
    assert {name: example[name].lower() for name in defaults} == defaults


def test_custom_domains_of_checkout_are_hosts(load):
    settings = load({"CHECKOUT_DOMAINS": "pay.example.com, billing.example.com"})

    assert settings.checkout_hosts == ["pay.example.com", "billing.example.com"]
    for wrong in ("https://pay.example.com", "pay.example.com/x", "a b", "*", "pay.example.com; script-src *"):
        with pytest.raises(SettingsError, match="CHECKOUT_DOMAINS"):
            load({"CHECKOUT_DOMAINS": wrong})
