"""Read the environment, check it, and say in one message all that is wrong with it."""

import os
from pathlib import Path
from typing import Any

from click import ClickException
from dotenv import dotenv_values
from pydantic import ValidationError

from app.billing.catalog.checks import problems_with_catalog
from app.billing.catalog.plans import Catalog
from app.config.rules import problems_with
from app.config.settings import ROOT, Settings


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
