"""Webhook signatures: `t=<time>,v1=<HMAC>`, one v1 for every live secret."""

import hashlib
import hmac


def signature_header(payload: str, secrets: list[str], timestamp: int) -> str:
    """Return the `Stripe-Signature` header."""
    signatures = [f"v1={_signature(payload, secret, timestamp)}" for secret in secrets]
    return ",".join([f"t={timestamp}", *signatures])


def _signature(payload: str, secret: str, timestamp: int) -> str:
    return hmac.new(secret.encode(), f"{timestamp}.{payload}".encode(), hashlib.sha256).hexdigest()
