"""Stripe's error forms."""

from typing import Any

# The parameter an object is missed on when the path names it; any other kind goes by its own name.
_PARAM_OF_MISSING = {
    "customer": "id",
    "product": "id",
    "subscription": "id",
    "payment_intent": "intent",
    "setup_intent": "intent",
    "checkout.session": "session",
    "billing_portal.configuration": "configuration",
    "subscription_item": "item",
    "subscription_schedule": "schedule",
    "event": "id",
    "tax_id": "id",
    "entitlements.feature": "id",
    "entitlements.active_entitlement": "id",
    "balance_transaction": "id",
    "credit_note": "id",
    "test_helpers.test_clock": "test_clock",
}
_NAME_OF_KIND = {
    "checkout.session": "checkout.session",
    "billing_portal.configuration": "configuration",
    "entitlements.feature": "feature",
    "entitlements.active_entitlement": "active entitlement",
    "payment_method": "PaymentMethod",
    "promotion_code": "promotion code",
    "setup_intent": "setupintent",
    "tax_rate": "tax rate",
    "webhook_endpoint": "webhook endpoint",
    "test_helpers.test_clock": "test clock",
}


class ApiError(Exception):
    """An answer in Stripe's error form; `keep_writes` commits what the handler did before it."""

    def __init__(self, status: int, body: dict[str, Any], keep_writes: bool = False) -> None:
        super().__init__(body.get("message", ""))
        self.status = status
        self.body = {key: value for key, value in body.items() if value is not None}
        self.keep_writes = keep_writes
        self.missing_id: str | None = None

    @property
    def code(self) -> str | None:
        """Stripe's error code, such as `card_declined`."""
        return self.body.get("code")

    @property
    def decline_code(self) -> str | None:
        """Why a card was declined, such as `insufficient_funds`."""
        return self.body.get("decline_code")

    def as_json(self) -> dict[str, Any]:
        """Return the answer's body."""
        return {"error": self.body}


class InvalidRequest(ApiError):
    """The request cannot be carried out as it stands."""


class CardError(ApiError):
    """The card was declined."""


class IdempotencyError(ApiError):
    """An idempotency key was used for two different requests, or for two at once."""


class AuthenticationError(ApiError):
    """No key, or one that is not ours."""


def invalid_request(
    message: str, param: str | None = None, code: str | None = None, status: int = 400, **more: Any
) -> InvalidRequest:
    """Return Stripe's `invalid_request_error`."""
    body = {"code": code, "doc_url": doc_url(code), "message": message, "param": param, **more}
    return InvalidRequest(status, {**body, "type": "invalid_request_error"})


def resource_missing(kind: str, id: str, param: str | None = None) -> InvalidRequest:
    """Return Stripe's error for an object that does not exist: 404 if the path names it, else 400."""
    name = _NAME_OF_KIND.get(kind, kind.rpartition(".")[2])
    param = param or _PARAM_OF_MISSING.get(kind, kind.rpartition(".")[2])
    error = invalid_request(f"No such {name}: '{id}'", param, "resource_missing")
    error.missing_id = id
    return error


def card_error(
    message: str,
    code: str,
    decline_code: str | None = None,
    *,
    param: str | None = None,
    keep_writes: bool = False,
    **more: Any,
) -> CardError:
    """Return Stripe's 402; `more` carries `payment_intent`, `charge`, `setup_intent` or `payment_method`."""
    body = {
        "code": code,
        "decline_code": decline_code,
        "doc_url": doc_url(code),
        "message": message,
        "param": param,
    }
    return CardError(402, {**body, **more, "type": "card_error"}, keep_writes)


def authentication_error(message: str, code: str | None = None) -> AuthenticationError:
    """Return Stripe's 401."""
    return AuthenticationError(401, {"code": code, "message": message, "type": "invalid_request_error"})


def idempotency_error(message: str, status: int = 400, code: str | None = None) -> IdempotencyError:
    """Return Stripe's answer to a key used for two different requests."""
    return IdempotencyError(status, {"code": code, "message": message, "type": "idempotency_error"})


def doc_url(code: str | None) -> str | None:
    """Return where Stripe explains the error code."""
    return f"https://docs.stripe.com/error-codes#{code.replace('_', '-')}" if code else None
