"""The courier: brings due deliveries to their endpoints, in order, and tries again."""

import logging
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from stripe_emulator.api.old_shapes import at_version
from stripe_emulator.delivery.sending import payload_of, send
from stripe_emulator.state import chaos, deliveries
from stripe_emulator.state.deliveries import Attempt, Delivery
from stripe_emulator.state.endpoint_secrets import live_secrets
from stripe_emulator.state.store import Store
from stripe_emulator.state.transaction import Transaction

logger = logging.getLogger("stripe_emulator")

TIMEOUT_SETTING = "delivery_timeout"
TIMEOUT_SECONDS = 10.0
_WORKERS = 16
_LANES_PER_ENDPOINT = 4
# An endpoint gets its events one after the other; a slow answer holds up the next only this long.
_PATIENCE_SECONDS = 1.0
_LONGEST_SLEEP = 5.0


class Courier:
    """Delivers until it is stopped; everything it has to remember is in the store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._wake = threading.Condition()
        self._woken = False
        self._stopping = False
        self._in_flight: dict[int, tuple[str, float]] = {}
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="stripe-delivery")
        self._thread = threading.Thread(target=self._run, name="stripe-courier", daemon=True)
        store.on_commit(self._committed)

    def start(self) -> None:
        """Begin delivering."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the attempts under way and stop; what is pending is delivered after the next start."""
        self._stopping = True
        self.wake()
        self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def wake(self) -> None:
        """Look again for due deliveries."""
        with self._wake:
            self._woken = True
            self._wake.notify_all()

    @property
    def is_busy(self) -> bool:
        """Whether an attempt is under way."""
        return bool(self._in_flight)

    def _committed(self, tx: Transaction) -> None:
        if tx.has_deliveries:
            self.wake()

    def _run(self) -> None:
        while not self._stopping:
            try:
                sleep = self._deliver_due()
            except Exception:
                logger.exception("The emulator could not look for due deliveries")
                sleep = 1.0
            with self._wake:
                if not self._woken:
                    self._wake.wait(sleep)
                self._woken = False

    def _deliver_due(self) -> float:
        """Start every attempt that may start now and return how long to sleep."""
        # One that ends while the due ones are read still looks due: what was under way before waits for the next look.
        under_way = set(self._in_flight)
        with self.store.read() as tx:
            due = deliveries.pending(tx, time.time())
            following = deliveries.next_due(tx)
            shuffled = chaos.current(tx).shuffle
        if shuffled:
            random.shuffle(due)
        for delivery in due:
            if not self._stopping and delivery.seq not in under_way and self._may_start(delivery):
                self._in_flight[delivery.seq] = (delivery.endpoint, time.monotonic())
                self._pool.submit(self._attempt, delivery)
        if due:
            return 0.1
        return min(max((following or time.time() + _LONGEST_SLEEP) - time.time(), 0.01), _LONGEST_SLEEP)

    def _may_start(self, delivery: Delivery) -> bool:
        lanes = [started for endpoint, started in list(self._in_flight.values()) if endpoint == delivery.endpoint]
        patient_until = time.monotonic() - _PATIENCE_SECONDS
        return len(lanes) < _LANES_PER_ENDPOINT and all(started < patient_until for started in lanes)

    def _attempt(self, delivery: Delivery) -> None:
        try:
            with self.store.read() as tx:
                parcel = _parcel(tx, delivery)
            attempt = parcel.send() if parcel else None
            with self.store.write() as tx:
                if attempt:
                    deliveries.record(tx, delivery, attempt)
                else:
                    deliveries.give_up(tx, delivery)
        except Exception:
            logger.exception("The emulator could not deliver %s", delivery.event)
        finally:
            self._in_flight.pop(delivery.seq, None)
            self.wake()


@dataclass(frozen=True)
class _Parcel:
    """Everything that one attempt needs, read before the store is let go."""

    url: str
    payload: str
    secrets: list[str]
    timeout: float
    is_dropped: bool

    def send(self) -> Attempt:
        """Deliver, unless chaos loses it on the way."""
        if self.is_dropped:
            return Attempt(time.time(), 0.0, self.url, {}, self.payload, None, {}, "", "Lost on its way by chaos")
        return send(self.url, self.payload, self.secrets, self.timeout)


def _parcel(tx: Transaction, delivery: Delivery) -> _Parcel | None:
    endpoint, event = tx.get("webhook_endpoint", delivery.endpoint), tx.get("event", delivery.event)
    if endpoint is None or event is None or endpoint["status"] != "enabled":
        return None
    return _Parcel(
        endpoint["url"],
        payload_of(at_version(tx, event, endpoint["api_version"])),
        live_secrets(tx, endpoint["id"]),
        float(tx.get_setting(TIMEOUT_SETTING, TIMEOUT_SECONDS)),
        delivery.attempts == 0 and chaos.current(tx).drops(),
    )
