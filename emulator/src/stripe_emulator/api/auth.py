"""Who may call: any test-mode secret or restricted key, as Bearer token or as the Basic-auth user."""

import base64
import binascii
import re

from stripe_emulator.api import errors
from stripe_emulator.state.transaction import Transaction

_TEST_KEY = re.compile(r"(sk|rk)_test_\w+\Z", re.ASCII)
_NO_KEY = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, "
    "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). "
    "See https://docs.stripe.com/api/authentication for details, or we can help at https://support.stripe.com/."
)
_PUBLISHABLE = (
    "This API call cannot be made with a publishable API key. Please use a secret API key. "
    "You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys."
)


def authenticate(header: str | None) -> str:
    """Return the request's key, or raise Stripe's 401."""
    key = _key(header or "")
    if not key:
        raise errors.authentication_error(_NO_KEY)
    if key.startswith(("pk_test_", "pk_live_")):
        raise errors.authentication_error(_PUBLISHABLE, "secret_key_required")
    if key.startswith(("sk_live_", "rk_live_")):
        raise errors.authentication_error(
            f"Invalid API Key provided: {_masked(key)}. This is the Stripe emulator, which moves no money: "
            "it takes test mode keys only (sk_test_..., rk_test_...)."
        )
    if not _TEST_KEY.match(key):
        raise errors.authentication_error(f"Invalid API Key provided: {_masked(key)}")
    return key


def check_account(tx: Transaction, account: str | None, key: str) -> None:
    """Refuse a `Stripe-Account` that is not there, with Stripe's 403."""
    if account and tx.get("account", account) is None:
        raise errors.invalid_request(
            f"The provided key '{_masked(key)}' does not have access to account '{account[:64]}' "
            "(or that account does not exist). Application access may have been revoked.",
            code="account_invalid",
            status=403,
        )


def _key(header: str) -> str:
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        key = value.strip()
    elif scheme.lower() == "basic":
        key = _basic_user(value.strip())
    else:
        key = ""
    return key


def _basic_user(value: str) -> str:
    try:
        decoded = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded.partition(":")[0]


def _masked(key: str) -> str:
    """Show no more of a key than Stripe does: its prefix and the last four characters."""
    prefix = "_".join(key.split("_")[:2]) + "_" if key.count("_") >= 2 else ""
    hidden = max(len(key) - len(prefix) - 4, 0)
    return f"{prefix[:8]}{'*' * min(hidden, 40)}{key[-4:] if hidden else ''}"
