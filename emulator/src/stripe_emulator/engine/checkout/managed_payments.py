"""Managed Payments: Stripe sells in its own name, takes care of the tax, and cannot do so through Connect."""

from stripe_emulator.api import errors
from stripe_emulator.engine.settings import setting
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction


def is_managed(tx: Transaction, params: Json) -> bool:
    """Tell whether a session uses Managed Payments: as it says, or else by the account's default."""
    wanted = (params.get("managed_payments") or {}).get("enabled")
    return bool(setting(tx, "managed_payments_by_default") if wanted is None else wanted)


def check_managed(tx: Transaction, params: Json, account: str | None) -> None:
    """Refuse what Managed Payments cannot do, in the words that Stripe has for it."""
    if not is_managed(tx, params):
        return
    if account:
        raise errors.invalid_request(
            "You specified a Stripe-Account header, but Managed Payments cannot be used with Connect."
        )
    name = "payment_method_configuration"
    if params.get(name):
        asked = params.get("managed_payments") is not None
        default = "" if asked else ", which is enabled by default on your account"
        raise errors.invalid_request(
            f"{name} cannot be used with Managed Payments{default}. Remove {name}, or pass "
            "managed_payments[enabled]=false to disable it for this request.",
            name,
        )
