"""Idempotency keys: the same request again gets the same answer again."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from stripe_emulator.api import errors
from stripe_emulator.state.documents import Json
from stripe_emulator.state.transaction import Transaction

MAX_KEY_LENGTH = 255
_KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Recorded:
    """The answer that was given to a key."""

    status: int
    request_id: str
    body: bytes


class KeysInUse:
    """The keys of the requests that are being answered at this moment."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, key: str | None) -> Iterator[None]:
        """Keep the key for one request; another one at the same time gets Stripe's 409."""
        if key is None:
            yield
        else:
            self._take(key)
            try:
                yield
            finally:
                with self._lock:
                    self._keys.discard(key)

    def _take(self, key: str) -> None:
        with self._lock:
            if key in self._keys:
                raise errors.idempotency_error(
                    "There is currently another in-progress request using this Stripe-Idempotent Key "
                    f"(that probably means you submitted twice, and the other request is still going through): "
                    f"{key}. Please try again later.",
                    status=409,
                    code="idempotency_key_in_use",
                )
            self._keys.add(key)


def fingerprint(method: str, path: str, params: Json) -> str:
    """Return what makes two requests the same request."""
    canonical = json.dumps(params, sort_keys=True)
    return f"{method} {path} {hashlib.sha256(canonical.encode()).hexdigest()}"


def recorded(tx: Transaction, key: str, mark: str) -> Recorded | None:
    """Return the answer already given to this key, if the request is the same as then."""
    row = tx.connection.execute(
        "SELECT fingerprint, status, request_id, body FROM idempotency WHERE key = ? AND created > ?",
        (key, int(time.time()) - _KEPT_SECONDS),
    ).fetchone()
    if row and row[0] != mark:
        raise errors.idempotency_error(
            f"Keys for idempotent requests can only be used {_difference(row[0], mark)}. "
            f"Try using a key other than '{key}' if you meant to execute a different request."
        )
    return Recorded(row[1], row[2], row[3].encode()) if row else None


def _difference(first: str, now: str) -> str:
    (*_, first_path, _), (*_, path, _) = first.split(" "), now.split(" ")
    if first_path != path:
        return f"for the same endpoint they were first used for ('{first_path}' vs '{path}')"
    return "with the same parameters they were first used with"


def record(tx: Transaction, key: str, mark: str, answer: Recorded) -> None:
    """Keep the answer in the transaction that did the work."""
    tx.connection.execute(
        "INSERT OR REPLACE INTO idempotency (key, fingerprint, status, request_id, body, created) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (key, mark, answer.status, answer.request_id, answer.body.decode(), int(time.time())),
    )


def check_key(key: str | None) -> str | None:
    """Return the key of the header, or None if there is none."""
    if key and len(key) > MAX_KEY_LENGTH:
        raise errors.invalid_request(
            f"Idempotency keys can be at most {MAX_KEY_LENGTH} characters long; this one has {len(key)}."
        )
    return key or None
