"""Connections between an application and the account, as OAuth makes and ends them."""

import re
from collections.abc import Mapping

from stripe_emulator.state import ids
from stripe_emulator.state.store import Json, Transaction

CODE, CONNECTION = "oauth.code", "oauth.connection"
CODE_SECONDS = 300
TEST_KEY = re.compile(r"(sk|rk)_test_\w+")


class Refusal(Exception):
    """An OAuth error: its code, its sentence and its HTTP status."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


def require_key(key: str) -> None:
    """Refuse a caller without a test key."""
    if not key:
        raise Refusal(
            "invalid_client",
            "No authentication was provided. Send your secret API key using the Authorization header, "
            "or as a client_secret POST parameter.",
            401,
        )
    if not TEST_KEY.fullmatch(key):
        raise Refusal("invalid_client", "Invalid API Key provided.", 401)


def remember_code(tx: Transaction, code: str, client_id: str, account: str, scope: str, now: float) -> None:
    """Keep what a code will be exchanged for."""
    made = {
        "client_id": client_id,
        "account": account,
        "scope": scope,
        "expires": now + CODE_SECONDS,
        "used": False,
    }
    tx.set_hidden(CODE, code, made)


def grant(tx: Transaction, form: Mapping[str, str], now: float) -> Json:
    """Return Stripe's answer to `/oauth/token`."""
    kind = form.get("grant_type")
    if kind == "authorization_code":
        code = form.get("code") or ""
        made = _use_code(tx, code, now)
    elif kind == "refresh_token":
        made = _by_refresh_token(tx, form.get("refresh_token") or "")
    elif not kind:
        raise Refusal("invalid_request", "No grant type specified")
    else:
        raise Refusal("unsupported_grant_type", f"Unsupported grant type: {kind}")
    refresh_token = f"rt_{ids.random_text(48)}"
    tx.set_hidden(CONNECTION, made["client_id"], {**made, "refresh_token": refresh_token})
    return {
        "access_token": f"sk_test_{ids.random_text(24)}",
        "livemode": False,
        "refresh_token": refresh_token,
        "token_type": "bearer",
        "stripe_publishable_key": f"pk_test_{ids.random_text(24)}",
        "stripe_user_id": made["account"],
        "scope": made["scope"],
    }


def end(tx: Transaction, client_id: str | None, account: str | None) -> str:
    """End a connection, emit `account.application.deauthorized` and return the account's id."""
    if not client_id:
        raise Refusal("invalid_request", "No client_id specified")
    if not account:
        raise Refusal("invalid_request", "No stripe_user_id specified")
    connection = tx.hidden(CONNECTION, client_id)
    if connection.get("account") != account:
        raise Refusal(
            "invalid_client",
            f"This application is not connected to stripe account {account}, or that account does not exist.",
            401,
        )
    tx.set_hidden(CONNECTION, client_id, {})
    event = tx.emit("account.application.deauthorized", {"id": client_id, "object": "application", "name": None})
    # Connect events say which account they come from; those of the account itself do not.
    tx.save({**event, "account": account})
    return account


def _use_code(tx: Transaction, code: str, now: float) -> Json:
    made = tx.hidden(CODE, code)
    if not made or made["expires"] < now:
        raise Refusal("invalid_grant", f"Authorization code does not exist: {code}")
    if made["used"]:
        raise Refusal(
            "invalid_grant",
            "This authorization code has already been used. All tokens issued with this code have been revoked.",
        )
    tx.set_hidden(CODE, code, {**made, "used": True})
    return {key: made[key] for key in ("client_id", "account", "scope")}


def _by_refresh_token(tx: Transaction, refresh_token: str) -> Json:
    rows = tx.connection.execute("SELECT id FROM hidden WHERE kind = ?", (CONNECTION,))
    for (client_id,) in rows.fetchall():
        connection = tx.hidden(CONNECTION, client_id)
        if refresh_token and connection.get("refresh_token") == refresh_token:
            return {key: connection[key] for key in ("client_id", "account", "scope")}
    raise Refusal("invalid_grant", f"Refresh token does not exist: {refresh_token}")
