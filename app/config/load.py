"""Read the environment, check it, and say in one message all that is wrong with it."""

import os
from importlib import import_module
from pathlib import Path
from traceback import extract_tb
from typing import Any

from click import ClickException
from dotenv import dotenv_values
from pydantic import ValidationError

from app.billing.catalog.checks import problems_with_catalog
from app.billing.catalog.plans import Catalog
from app.config.rules import problems_with
from app.config.settings import ROOT, Settings


class StartRefused(ClickException):
    """The site cannot start like this; the message lists every problem, also under `flask`, with no traceback."""

    def __init__(self, problems: list[str], message: str) -> None:
        self.problems = problems
        super().__init__(message)


class SettingsError(StartRefused):
    """The settings cannot be used; each problem begins with the setting's name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems, "\n".join(["The settings have problems:", *(f"  - {one}" for one in problems)]))


class CatalogError(StartRefused):
    """Nothing can be sold from this catalogue; each problem begins with the plan and the field, or with the line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(problems, "\n".join(f"app/catalog.py: {problem}" for problem in problems))


def load_catalog() -> Catalog:
    """What this site sells, from `app/catalog.py`; raise `CatalogError` when that file cannot be read or sold from."""
    try:
        catalog = getattr(import_module("app.catalog"), "CATALOG", None)
    except Exception as error:  # The file is written by hand, so anything can be wrong with it.
        raise CatalogError([_where_and_what(error)]) from error
    if not isinstance(catalog, Catalog):
        raise CatalogError(["CATALOG: must be a Catalog, and is missing or something else"])
    check_catalog(catalog)
    return catalog


def _where_and_what(error: Exception) -> str:
    """The line of `app/catalog.py` that cannot be read, and why not."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    lines = [
        frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(ROOT / "app/catalog.py")
    ]
    return f"line {lines[-1]}: {error}" if lines else str(error)


def check_catalog(catalog: Catalog) -> None:
    """Raise `CatalogError` when something in the catalogue cannot be sold as it stands."""
    if problems := problems_with_catalog(catalog):
        raise CatalogError(problems)


def load_settings(catalog: Catalog, *, env_file: Path | None = ROOT / ".env", **overrides: Any) -> Settings:
    """Read the environment (and in development `env_file`); raise `SettingsError` with every problem."""
    if os.environ.get("APP_ENV", "development") != "development":
        env_file = None
    settings, problems = _read(env_file, _settings_of_plans(catalog, env_file) | overrides)
    problems += problems_with(settings)
    if settings.currency and settings.currency not in catalog.currencies:
        problems.append(f"CURRENCY: not everything on sale has a price in {settings.currency!r}; such as 'eur'")
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
