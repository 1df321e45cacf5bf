"""The merchant that the hosted pages speak for."""

import re

from stripe_emulator.engine.settings import setting
from stripe_emulator.server.seed import ACCOUNT_SETTING
from stripe_emulator.state.store import Json, Transaction


def current_account(tx: Transaction) -> Json | None:
    """Return the emulator's own account, once there is one."""
    return tx.get("account", tx.get_setting(ACCOUNT_SETTING, ""))


def merchant_name(tx: Transaction) -> str:
    """Return the name that customers know the merchant by."""
    account = current_account(tx) or {}
    profile = (account.get("business_profile") or {}).get("name")
    dashboard = ((account.get("settings") or {}).get("dashboard") or {}).get("display_name")
    return setting(tx, "merchant_name") or profile or dashboard or "the shop"


def seller_lines(tx: Transaction) -> list[str]:
    """Return who sells, as an invoice names them: name, e-mail, country."""
    account = current_account(tx) or {}
    return [merchant_name(tx), *(str(account[part]) for part in ("email", "country") if account.get(part))]


def merchant_accent(tx: Transaction) -> str | None:
    """Return the merchant's colour, such as `#00603c`, if one was given."""
    branding = ((current_account(tx) or {}).get("settings") or {}).get("branding") or {}
    colour = str(setting(tx, "merchant_accent") or branding.get("primary_color") or "")
    return colour if re.fullmatch(r"#[0-9a-fA-F]{6}", colour) else None
