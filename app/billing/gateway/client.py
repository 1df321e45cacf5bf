"""The one door to Stripe: the only module that imports `stripe`, and not before Stripe or a webhook is at hand.

The SDK is a fifth of what a start would import, and no page needs it to be shown.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from app import metrics
from app.billing.errors import (
    InvalidSignature,
    StripeForbidden,
    StripeObjectMissing,
    StripeRefused,
    StripeRejection,
    StripeUnauthorized,
    StripeUnavailable,
    TransactionOpen,
)
from app.database import in_transaction
from app.database_errors import driver_says
from app.mail.alerts import Alert, end_alert_apart, open_alerts, raise_alert_apart

if TYPE_CHECKING:
    from stripe import StripeClient

    from app.config.settings import Settings

logger = logging.getLogger(__name__)
SIGNATURE_TOLERANCE_SECONDS = 300
CONNECT_SECONDS, READ_SECONDS = 3.05, 8
RETRIES = 2
# Another worker may have met the refusal that our success ends: how often that is looked at.
LOOK_AGAIN_SECONDS = 60

# What Stripe answers, as plain nested dicts and lists.
StripeObject = dict[str, Any]


class StripeGateway:
    """Stripe for one secret key. Every call raises our own errors, and gives up after a bounded time."""

    def __init__(self, settings: Settings, *, read_seconds: float = READ_SECONDS) -> None:
        self.livemode = settings.livemode
        self.key_fingerprint = hashlib.sha256(settings.stripe_key.encode()).hexdigest()[:32]
        self.access = KeyAccess(self.key_fingerprint)
        self._settings = settings
        self._read_seconds = read_seconds

    @property
    def v1(self) -> Any:
        """The SDK's services. Use them inside `with gateway.errors():`, and with the options of a `StripeScope`."""
        return self.client.v1

    @cached_property
    def client(self) -> StripeClient:
        """The SDK's client, for what stands outside `/v1` (OAuth)."""
        import stripe

        stripe.enable_telemetry = False
        return stripe.StripeClient(
            self._settings.stripe_key,
            base_addresses=_base_addresses(self._settings.stripe_base),
            client_id=self._settings.stripe_connect_client_id or None,
            http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, self._read_seconds)),
            max_network_retries=RETRIES,
        )

    @contextmanager
    def errors(self, *, may_be_forbidden: bool = False) -> Iterator[None]:
        """Turn the SDK's errors into ours, without what they quote of the request. No transaction may be open.

        A 401 or 403 is remembered until Stripe lets us in again; with `may_be_forbidden`, for questions that many a
        key may not ask, a 403 is not.
        """
        self._expect_no_transaction()
        try:
            with metrics.stripe_call(), _our_errors():
                yield
        except (StripeUnauthorized, StripeForbidden) as error:
            if isinstance(error, StripeUnauthorized) or not may_be_forbidden:
                self.access.note_refusal(error)
            raise
        except StripeRejection:
            self.access.note_success()
            raise
        else:
            self.access.note_success()

    def _expect_no_transaction(self) -> None:
        """A transaction that waits for Stripe holds up others, on SQLite the whole site: ask first, then lock."""
        if in_transaction():
            if not self._settings.is_production:
                raise TransactionOpen("Stripe is asked while a transaction is open; see `billing.asking`.")
            logger.error("Stripe is asked while a transaction is open.", stack_info=True)

    def verify_signature(self, body: bytes, header: str | None) -> None:
        """Check a webhook's signature against each configured secret; raise `InvalidSignature`.

        https://docs.stripe.com/webhooks/signature. The SDK's check alone, without its tree of objects:
        the event is read as plain JSON, which costs a twentieth of `construct_event`.
        """
        if self._is_signed(body, header, SIGNATURE_TOLERANCE_SECONDS):
            return
        elif header is None:
            raise InvalidSignature("The Stripe-Signature header is missing.", kind="no_signature")
        elif self._is_signed(body, header, tolerance=None):
            late = f"The signature is more than {SIGNATURE_TOLERANCE_SECONDS} seconds old: check this machine's clock."
            raise InvalidSignature(late, kind="old_signature")
        else:
            other = "No secret of STRIPE_WEBHOOK_SECRET matches the signature, or a proxy changes the body."
            raise InvalidSignature(other, kind="wrong_signature")

    def _is_signed(self, body: bytes, header: str | None, tolerance: int | None) -> bool:
        import stripe

        for secret in self._settings.webhook_secrets:
            try:
                self._verify_header(body, header, secret, tolerance)
            except (stripe.SignatureVerificationError, UnicodeError, TypeError):
                continue
            return True
        return False

    @cached_property
    def _verify_header(self) -> Any:
        import stripe

        # The SDK looks its names up at each use.
        return stripe.WebhookSignature.verify_header


class KeyAccess:
    """Whether Stripe lets one secret key in: a 401 or 403 is remembered until the next success.

    It stands in the database, so that all workers and commands know it, and is written in transactions of its own,
    when Stripe has answered and none of the caller's is open.
    """

    def __init__(self, key_fingerprint: str) -> None:
        self._cause = f"stripe_access:{key_fingerprint}"
        self._is_known_good_until = 0.0

    def note_refusal(self, error: StripeUnauthorized | StripeForbidden) -> None:
        """Stripe answered 401 or 403."""
        self._is_known_good_until = 0.0
        if not in_transaction():
            try:
                raise_alert_apart(self._cause, str(error))
            except SQLAlchemyError as problem:
                logger.warning("The refusal of Stripe could not be remembered: %s.", driver_says(problem))

    def note_success(self) -> None:
        """Stripe let the key in."""
        if time.monotonic() < self._is_known_good_until or in_transaction():
            return
        try:
            end_alert_apart(self._cause)
        except SQLAlchemyError as error:
            logger.warning("That Stripe lets us in could not be remembered: %s.", driver_says(error))
        else:
            self._is_known_good_until = time.monotonic() + LOOK_AGAIN_SECONDS

    def last_refusal(self) -> Alert | None:
        """What Stripe refused, if nothing succeeded since."""
        return next(iter(open_alerts(self._cause)), None)


@contextmanager
def _our_errors() -> Iterator[None]:
    import stripe

    try:
        yield
    except stripe.AuthenticationError as error:
        raise StripeUnauthorized("Stripe does not accept the secret key (401).") from error
    except stripe.PermissionError as error:
        raise StripeForbidden("Stripe does not let this key do that (403).") from error
    except stripe.InvalidRequestError as error:
        if error.code == "resource_missing":
            raise StripeObjectMissing(str(error.user_message), param=error.param) from error
        else:
            raise StripeRefused(str(error.user_message), param=error.param) from error
    except stripe.IdempotencyError as error:
        raise StripeRefused(str(error.user_message), param="idempotency_key") from error
    except stripe.StripeError as error:
        said = " ".join(str(part) for part in (type(error).__name__, error.http_status, error.code) if part)
        raise StripeUnavailable(f"Stripe could not be asked ({said}).") from error


def init_gateway(app: Flask, settings: Settings) -> None:
    """Give the application its door to Stripe."""
    app.extensions["stripe_gateway"] = StripeGateway(settings)


@cache
def api_version() -> str:
    """The version of Stripe's API that the installed SDK speaks."""
    import stripe

    version: str = stripe.api_version
    return version


def get_gateway() -> StripeGateway:
    """The current application's door to Stripe."""
    gateway: StripeGateway = current_app.extensions["stripe_gateway"]
    return gateway


def _base_addresses(base: str | None) -> Any:
    return {"api": base, "connect": base, "files": base} if base else {}
