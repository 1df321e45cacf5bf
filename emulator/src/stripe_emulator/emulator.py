"""The emulator for tests: started in a thread of the calling process, steered from Python."""

import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from stripe_emulator.happenings import Happenings
from stripe_emulator.records import Records
from stripe_emulator.server.server import Server
from stripe_emulator.state import deliveries
from stripe_emulator.state.chaos import Chaos
from stripe_emulator.state.store import Store

TEMPORARY = ":temp:"


class Emulator(Happenings, Records):
    """A running emulator; use it as a context manager, or call `start` and `stop`."""

    secret_key = "sk_test_emulator00000000000000"  # noqa: S105
    publishable_key = "pk_test_emulator00000000000000"

    def __init__(
        self,
        db: str | Path = TEMPORARY,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        retry_schedule: Sequence[float] | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._db = db
        self._address = (host, port)
        self._settings = dict(settings or {})
        if retry_schedule is not None:
            self._settings[deliveries.RETRY_SETTING] = list(retry_schedule)

    def start(self) -> Self:
        """Start listening; `port=0` picks a free one."""
        if self._db == TEMPORARY:
            self._folder = tempfile.TemporaryDirectory(prefix="stripe-emulator-")
        # A file that is deleted at the end need not outlive a power cut.
        self.store = Store(self.db, is_lasting=self._folder is None)
        try:
            self._server = Server(self.store, *self._address)
            self._server.control.set_settings(self._settings)
            self._server.start()
        except BaseException:
            self.store.close()
            self._remove_temporary()
            raise
        return self

    def stop(self) -> None:
        """Stop; a temporary database is deleted."""
        self._server.stop()
        self._remove_temporary()

    @property
    def db(self) -> Path:
        """Where the database is."""
        return Path(self._folder.name) / "stripe.sqlite3" if self._folder else Path(self._db)

    @property
    def url(self) -> str:
        """The address for the SDK's `base_addresses` and the CLI's `--api-base`."""
        return self.store.base_url

    def reset(self) -> None:
        """Forget everything that happened, and work again as it was started."""
        self._server.control.reset()
        self._server.control.replace_settings(self._settings)

    def configure(self, **settings: Any) -> None:
        """Change from now on, until `reset`, how it works: `retry_schedule`, `delivery_timeout`, and the waits and
        outcomes of `engine/settings.py`, such as `dunning_final_status="unpaid"`. An unknown name raises ValueError.
        """
        self._server.control.set_settings(settings)

    def save(self) -> sqlite3.Connection:
        """Return everything that has happened so far, for `restore`."""
        return self.store.copy()

    def restore(self, saved: sqlite3.Connection) -> None:
        """Go back to what was saved: what has happened since never did."""
        self.store.restore(saved)

    def advance(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> int:
        """Move the emulator's clock forward, let what is due happen, and return the new time."""
        return self._server.control.advance(int(days * 86400 + hours * 3600 + seconds))

    def chaos(self, **settings: Any) -> None:
        """Set what goes wrong: duplicate, delay, shuffle, drop, same_second; no arguments end it."""
        self._server.control.set_chaos(Chaos.from_mapping(settings))

    def outage(self, *, after: int = 0, loses_answer: bool = False) -> None:
        """Take the API down after so many more requests; with `loses_answer` one more is done, and nobody hears of it.

        A request is answered 503 from then on, until `end_outage` or `reset`. The pages and controls go on.
        """
        self._server.control.outage.begin(after, loses_answer)

    def end_outage(self) -> None:
        """Have the API answer again."""
        self._server.control.outage.end()

    def wait_until_idle(self, timeout: float = 30.0) -> None:
        """Return when every delivery has arrived or been given up, or raise TimeoutError."""
        self._server.control.wait_until_idle(timeout)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, type: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _remove_temporary(self) -> None:
        if self._folder:
            self._folder.cleanup()
