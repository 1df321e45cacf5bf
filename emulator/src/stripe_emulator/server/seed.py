"""What a new Stripe account already has: itself, and a customer portal."""

from stripe_emulator.resources import accounts, portal_configurations
from stripe_emulator.state import chaos, clock, ids
from stripe_emulator.state.transaction import Transaction

ACCOUNT_SETTING = "account_id"


def plant(tx: Transaction) -> None:
    """Create the account and the default portal configuration, once per database."""
    if tx.get_setting(ACCOUNT_SETTING) is None:
        account = tx.insert(accounts.build(ids.new_id("account"), tx.now()))
        tx.set_setting(ACCOUNT_SETTING, account["id"])
        tx.insert(portal_configurations.build_default(tx))


def clear(tx: Transaction) -> None:
    """Forget every object, event and delivery, and start again calm, in the present, with a new account."""
    tables: list[tuple[str]] = tx.connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name != 'settings'"
    ).fetchall()
    for (name,) in sorted(tables, reverse=True):
        tx.connection.execute(f'DELETE FROM "{name}"')
    # How the emulator works, such as its waits, is not what happened in it.
    for key in (ACCOUNT_SETTING, chaos.SETTING, clock.OFFSET_SETTING):
        tx.connection.execute("DELETE FROM settings WHERE key = ?", (key,))
    plant(tx)
