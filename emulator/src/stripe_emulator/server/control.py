"""Steering the emulator: reset, time, chaos, settings, and waiting for it to come to rest."""

import time
from typing import Any

from stripe_emulator.delivery.courier import TIMEOUT_SETTING, Courier
from stripe_emulator.engine.settings import DEFAULTS
from stripe_emulator.server import seed
from stripe_emulator.server.outage import Outage
from stripe_emulator.state import chaos, clock, deliveries
from stripe_emulator.state.chaos import Chaos
from stripe_emulator.state.documents import Json
from stripe_emulator.state.store import Store

_POLL_SECONDS = 0.02
SETTINGS = frozenset({deliveries.RETRY_SETTING, TIMEOUT_SETTING, *DEFAULTS})


class Control:
    """What tests, the dashboard and `/_emulator` do to a running emulator."""

    def __init__(self, store: Store, courier: Courier) -> None:
        self.store = store
        self._courier = courier
        self.outage = Outage()

    def status(self) -> Json:
        """Return where the emulator stands."""
        with self.store.read() as tx:
            return {
                "url": self.store.base_url,
                "account": tx.get_setting(seed.ACCOUNT_SETTING),
                "now": tx.now(),
                "chaos": chaos.current(tx).as_mapping(),
                "next_delivery": deliveries.next_due(tx),
                "idle": self.is_idle(),
            }

    def reset(self) -> None:
        """Start again as on the first day; how it was set to work stays."""
        self.outage.end()
        with self.store.write() as tx:
            seed.clear(tx)

    def replace_settings(self, values: dict[str, Any]) -> None:
        """Let these settings hold, and Stripe's own ways where they say nothing."""
        _check_settings(values)
        with self.store.write() as tx:
            for key in SETTINGS:
                if key in values:
                    tx.set_setting(key, values[key])
                else:
                    tx.forget_setting(key)

    def advance(self, seconds: int) -> int:
        """Move the dashboard's clock and let everything happen that is due by then."""
        from stripe_emulator.engine import clocks

        if seconds < 0:
            raise ValueError("time only goes forward")
        with self.store.write() as tx:
            now = clock.advance(tx, seconds)
            clocks.run_due(tx)
        return now

    def set_chaos(self, wanted: Chaos) -> None:
        """Set what goes wrong with deliveries from now on."""
        with self.store.write() as tx:
            chaos.put(tx, wanted)

    def set_settings(self, values: dict[str, Any]) -> None:
        """Change settings, such as `retry_schedule` or `delivery_timeout`; an unknown name raises ValueError."""
        _check_settings(values)
        with self.store.write() as tx:
            for key, value in values.items():
                tx.set_setting(key, value)

    def is_idle(self) -> bool:
        """Whether every delivery has either arrived or been given up."""
        with self.store.read() as tx:
            nothing_pending = deliveries.next_due(tx) is None
        return nothing_pending and not self._courier.is_busy

    def wait_until_idle(self, timeout: float) -> None:
        """Return when all deliveries are settled, retries included, or raise TimeoutError."""
        deadline = time.monotonic() + timeout
        while not self.is_idle():
            if time.monotonic() > deadline:
                raise TimeoutError(f"Deliveries are still pending after {timeout:g} seconds")
            time.sleep(_POLL_SECONDS)


def _check_settings(values: dict[str, Any]) -> None:
    unknown = sorted(set(values) - SETTINGS)
    if unknown:
        raise ValueError(f"unknown settings: {', '.join(unknown)}")
