"""How often a view may be called: counted in memory, or in Redis for many machines."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, Response, after_this_request, request
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

P = ParamSpec("P")
R = TypeVar("R")
View = Callable[P, R]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rule:
    """What counts together (`scope` and whose calls they are), how much of it is allowed, and which calls count."""

    allowed: list[RateLimitItem]
    scope: str
    key: Callable[[], str]
    counts: Callable[[Response], bool] | None = None


class RateLimiter:
    """Checks the views that are decorated with `limit`, as they are called; all the others cost nothing."""

    def __init__(self) -> None:
        self.enabled = True
        self._counters = FixedWindowRateLimiter(MemoryStorage())

    def init_app(self, app: Flask) -> None:
        """Count where `RATELIMIT_STORAGE_URI` says."""
        self._counters = FixedWindowRateLimiter(storage_from_string(app.config["RATELIMIT_STORAGE_URI"]))

    def limit(
        self,
        allowed: str,
        *,
        scope: str,
        key: Callable[[], str],
        counts: Callable[[Response], bool] | None = None,
    ) -> Callable[[View[P, R]], View[P, R]]:
        """Answer a POST with 429 when it is one too many: "20 per minute; 200 per hour" of the same scope and key.

        With `counts`, only calls whose answer it holds true of are counted.
        """
        rule = Rule(parse_many(allowed), scope, key, counts)

        def decorate(view: View[P, R]) -> View[P, R]:
            @wraps(view)
            def limited(*args: P.args, **kwargs: P.kwargs) -> R:
                if self.enabled and request.method == "POST":
                    self._check(rule)
                return view(*args, **kwargs)

            return limited

        return decorate

    def reset(self) -> None:
        """Forget every call."""
        self._counters.storage.reset()

    def _check(self, rule: Rule) -> None:
        """Raise `TooManyRequests` past the limit; a store that is out of reach is logged, and stops nobody."""
        key = rule.key()
        counts = rule.counts
        try:
            may_go_on = self._counters.test if counts else self._counters.hit
            reached = next((item for item in rule.allowed if not may_go_on(item, rule.scope, key)), None)
            wait = self._seconds_until_reset(reached, rule.scope, key) if reached else 0
        except Exception:
            logger.exception("The calls of %s could not be counted.", rule.scope)
            return
        if reached:
            raise TooManyRequests(retry_after=wait)
        if counts:

            @after_this_request
            def count(response: Response) -> Response:
                if counts(response):
                    self._count(rule, key)
                return response

    def _count(self, rule: Rule, key: str) -> None:
        try:
            for item in rule.allowed:
                self._counters.hit(item, rule.scope, key)
        except Exception:
            logger.exception("A call of %s could not be counted.", rule.scope)

    def _seconds_until_reset(self, item: RateLimitItem, scope: str, key: str) -> int:
        return max(1, math.ceil(self._counters.get_window_stats(item, scope, key).reset_time - time.time()))
