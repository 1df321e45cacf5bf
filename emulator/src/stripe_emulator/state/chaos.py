"""Chaos: what Stripe may do to deliveries on a bad day, at will."""

import random
import time
from dataclasses import asdict, dataclass, fields
from typing import Any

from stripe_emulator.state.stored_objects import StoredObjects

SETTING = "chaos"
_SAME_SECOND_WINDOW = 60


@dataclass(frozen=True)
class Chaos:
    """How badly deliveries go: shares from 0 to 1, `delay` in seconds, the rest on or off."""

    duplicate: float = 0.0
    delay: float = 0.0
    shuffle: bool = False
    drop: float = 0.0
    same_second: bool = False

    @property
    def is_on(self) -> bool:
        """Whether anything at all goes wrong."""
        return self != CALM

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> "Chaos":
        """Read the settings from JSON or a form; `True` for a share means half of the time."""
        known = {one.name: one.type for one in fields(cls)}
        unknown = set(values) - set(known)
        if unknown:
            raise ValueError(f"unknown chaos settings: {', '.join(sorted(unknown))}")
        return cls(**{name: _read(name, value) for name, value in values.items()})

    def as_mapping(self) -> dict[str, Any]:
        """Return the settings as JSON."""
        return asdict(self)

    def due_times(self) -> list[float]:
        """Return when to deliver one event: usually once and now, sometimes twice, sometimes late."""
        now = time.time()
        copies = 2 if random.random() < self.duplicate else 1
        return [now + random.uniform(0, self.delay) for _ in range(copies)]

    def drops(self) -> bool:
        """Whether a first attempt is lost on its way, so that only the retry arrives."""
        return random.random() < self.drop

    def second_of(self, created: int) -> int:
        """Return an event's time: with `same_second`, everything within a minute happened at once."""
        return created - created % _SAME_SECOND_WINDOW if self.same_second else created


CALM = Chaos()
FULL = Chaos(duplicate=0.3, delay=2.0, shuffle=True, drop=0.2, same_second=True)


def current(tx: StoredObjects) -> Chaos:
    """Return the chaos that is set."""
    return Chaos(**tx.get_setting(SETTING, {}))


def put(tx: StoredObjects, chaos: Chaos) -> None:
    """Set the chaos for everything that happens from now on."""
    tx.set_setting(SETTING, chaos.as_mapping())


def _read(name: str, value: Any) -> Any:
    if name in ("shuffle", "same_second"):
        read: Any = value in (True, "true", "on", "1", 1)
    elif isinstance(value, bool):
        read = (2.0 if name == "delay" else 0.5) if value else 0.0
    else:
        read = max(float(value), 0.0)
    return read
