"""Challenges for passkeys: signed, timed, made for one purpose and person, and answered once."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from itsdangerous import BadData, URLSafeTimedSerializer

from app.auth.used_tokens import use_once
from app.signatures import timed_serializer

# A log-in page may lie open for a while before somebody uses it.
LASTS = timedelta(hours=1)


class Purpose(StrEnum):
    """What a passkey is asked for."""

    REGISTER = "register"
    SIGN_IN = "sign-in"
    SECOND_STEP = "second-step"
    CONFIRM = "confirm"


@dataclass(frozen=True)
class Asking:
    """What is asked for, and of whom; of nobody in particular at the log-in page."""

    purpose: Purpose
    whom: str = ""

    def challenge(self) -> bytes:
        """A new challenge."""
        return self._serializer().dumps(secrets.token_urlsafe(16)).encode()

    def is_mine(self, challenge: bytes) -> bool:
        """Whether we made this challenge for just this, not long ago."""
        try:
            self._serializer().loads(challenge, max_age=int(LASTS.total_seconds()))
        except BadData:
            return False
        return True

    def spend(self, challenge: bytes) -> bool:
        """Whether this is the first answer to the challenge, in the caller's transaction."""
        return use_once(challenge.decode(), LASTS)

    def _serializer(self) -> URLSafeTimedSerializer:
        return timed_serializer("passkeys", f"{self.purpose}:{self.whom}")
