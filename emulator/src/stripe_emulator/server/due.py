"""The timer: lets what is due in real time happen, such as renewals, expiries and settlements."""

import logging
import threading

from stripe_emulator.engine import clocks, timers
from stripe_emulator.state.store import Store

logger = logging.getLogger("stripe_emulator")

_INTERVAL_SECONDS = 0.5


def prepare(store: Store) -> None:
    """Make the timers' table now: a reader that had to make it would collide with the writers."""
    with store.write() as tx:
        timers.next_time(tx)


def settle(store: Store) -> None:
    """Let everything happen that is due by now."""
    with store.read() as tx:
        something_is_due = timers.next_due(tx, tx.now()) is not None
    if something_is_due:
        with store.write() as tx:
            clocks.run_due(tx)


class Timer:
    """Asks the billing engine twice a second what is due."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stripe-timer", daemon=True)

    def start(self) -> None:
        """Begin asking."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current round."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_INTERVAL_SECONDS):
            try:
                settle(self._store)
            except Exception:
                logger.exception("The emulator could not do what is due")
