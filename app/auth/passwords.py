"""Password hashes: Argon2id, no more at once than the machine can bear, and the same time for every answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from werkzeug.exceptions import ServiceUnavailable

from app.auth.password_rules import normalized
from app.machine import available_cores

# OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Nobody's password: it is verified for addresses without an account, so that they take as long as the others.
DUMMY_HASH = "$argon2id$v=19$m=19456,t=2,p=1$T7Jwry2AwiwlifA6qtdJdA$mdiIUhlSQzpqCH5tEuoaNFiVtM1f/oAcbDNhNhW1p0k"
# Half the cores each worker: sign-ins use the machine, and pages still find room beside them.
HASHES_AT_ONCE = max(1, available_cores() // 2)
# Whoever waits holds a thread that could show a page, so only a few may; the rest are told to come back.
MOST_IN_LINE = 5
SECONDS_IN_LINE = 10
RETRY_AFTER = 2

_places = BoundedSemaphore(HASHES_AT_ONCE)
_line = BoundedSemaphore(HASHES_AT_ONCE + MOST_IN_LINE)


def hash_password(password: str) -> str:
    """Hash a password for storing."""
    with _a_place():
        return HASHER.hash(_normalized(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether the password fits; without a hash it never does, after just as much work."""
    with _a_place():
        try:
            HASHER.verify(password_hash or DUMMY_HASH, _normalized(password))
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(password_hash)


@contextmanager
def _a_place() -> Iterator[None]:
    """Wait for one of the few places to hash; when the line is full or does not move, 503."""
    if not _line.acquire(blocking=False):
        raise ServiceUnavailable(retry_after=RETRY_AFTER)
    try:
        if not _places.acquire(timeout=SECONDS_IN_LINE):
            raise ServiceUnavailable(retry_after=RETRY_AFTER)
        try:
            yield
        finally:
            _places.release()
    finally:
        _line.release()


def _normalized(password: str) -> bytes:
    return normalized(password).encode("utf-8", "surrogatepass")
