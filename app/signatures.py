"""Signatures with a date, also by machines whose clocks differ from ours by some seconds."""

from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from app.keys import signing_keys

# What is dated further ahead was signed by no clock of ours.
CLOCKS_DIFFER_SECONDS = 10


class ForbearingSigner(TimestampSigner):
    """Takes what a machine has signed whose clock goes ahead of ours a little: to us, that is in the future."""

    def unsign(self, signed_value: str | bytes, max_age: int | None = None, return_timestamp: bool = False) -> Any:
        """The value, if its signature is good and no older than `max_age`; else raise `BadSignature`."""
        try:
            return super().unsign(signed_value, max_age, return_timestamp)  # type: ignore[call-overload]
        except SignatureExpired as error:
            signed_at = error.date_signed.timestamp() if error.date_signed else 0
            if not 0 < signed_at - self.get_timestamp() <= CLOCKS_DIFFER_SECONDS:
                raise
        return super().unsign(signed_value, None, return_timestamp)  # type: ignore[call-overload]


class ForbearingSessions(SecureCookieSessionInterface):
    """Flask's session cookie, with the same patience."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Flask's own serializer."""
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer = ForbearingSigner
        return serializer


def timed_serializer(purpose: str, salt: str) -> URLSafeTimedSerializer:
    """What signs values with the keys for one purpose, and with the time."""
    return URLSafeTimedSerializer(signing_keys(purpose), salt=salt, signer=ForbearingSigner)
