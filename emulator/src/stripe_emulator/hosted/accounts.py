"""The merchant that the hosted pages speak for."""

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
    return profile or dashboard or "the shop"
