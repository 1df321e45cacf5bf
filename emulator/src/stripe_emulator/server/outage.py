"""An outage of the API: from some request on it answers 503 to all, as Stripe does on its worst day."""

import json
import threading
from collections.abc import Callable

from stripe_emulator.api.dispatch import Answer

_DOWN = {"error": {"type": "api_error", "message": "The emulator's API is down: an outage was asked for."}}


class Outage:
    """Counts the requests that still get through. It is not stored: a restart ends it, as `end` does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: int | None = None
        self._loses_answer = False

    def begin(self, after: int = 0, loses_answer: bool = False) -> None:
        """Let so many requests through, and none after; or carry out one more, whose answer is lost."""
        if after < 0:
            raise ValueError("an outage begins after no requests, or some")
        with self._lock:
            self._left, self._loses_answer = after, loses_answer

    def end(self) -> None:
        """Answer again."""
        with self._lock:
            self._left = None

    def answer(self, carry_out: Callable[[], Answer]) -> Answer:
        """The API's answer to a request, or 503 where it is not carried out, or its answer is lost."""
        with self._lock:
            is_down = self._left == 0
            is_lost = is_down and self._loses_answer
            if is_lost:
                self._loses_answer = False
            elif self._left:
                self._left -= 1
        if is_down and not is_lost:
            return _down()
        answered = carry_out()
        return _down() if is_lost else answered


def _down() -> Answer:
    return Answer(503, {}, json.dumps(_DOWN).encode())
