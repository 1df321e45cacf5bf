"""Signing secrets of webhook endpoints: shown once, kept hidden, rolled with an overlap."""

import time
from typing import TYPE_CHECKING

from stripe_emulator.state import ids

if TYPE_CHECKING:
    from stripe_emulator.state.transaction import Transaction

_KIND = "webhook_endpoint"
LONGEST_OVERLAP_SECONDS = 24 * 3600


def create(tx: "Transaction", endpoint_id: str) -> str:
    """Give a new endpoint its secret and return it."""
    secret = ids.new_id("webhook_secret")
    tx.set_hidden(_KIND, endpoint_id, {"secrets": [{"secret": secret, "expires_at": None}]})
    return secret


def live_secrets(tx: "Transaction", endpoint_id: str) -> list[str]:
    """Return the secrets that sign today, newest first."""
    kept = tx.hidden(_KIND, endpoint_id).get("secrets", [])
    return [one["secret"] for one in kept if one["expires_at"] is None or one["expires_at"] > time.time()]


def roll(tx: "Transaction", endpoint_id: str, overlap_seconds: int = 0) -> str:
    """Give the endpoint a new secret; the old ones go on signing for `overlap_seconds`."""
    until = time.time() + min(overlap_seconds, LONGEST_OVERLAP_SECONDS)
    old = [{"secret": one, "expires_at": until} for one in live_secrets(tx, endpoint_id)]
    secret = ids.new_id("webhook_secret")
    kept = [{"secret": secret, "expires_at": None}, *(old if overlap_seconds else [])]
    tx.set_hidden(_KIND, endpoint_id, {"secrets": kept})
    return secret
