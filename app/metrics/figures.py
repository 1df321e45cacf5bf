"""What is counted in each process."""

from __future__ import annotations

from typing import Any

from prometheus_client import Counter, Histogram

METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
# So few that a route costs little; the webhook and the pages are well below the first second.
SECONDS = (0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30)
AGES = (1, 5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600, 72 * 3600)


class Figures:
    """The counters of this process; gunicorn's workers each have a file of theirs."""

    def __init__(self) -> None:
        self.requests = Counter("http_requests", "Requests answered.", ["method", "route", "status"])
        self.seconds = Histogram("http_request_seconds", "How long answers took.", ["route"], buckets=SECONDS)
        self.webhooks = Counter("stripe_webhooks", "Webhooks answered.", ["outcome"])
        self.webhook_age = Histogram("stripe_webhook_age_seconds", "Events' age when they came in.", buckets=AGES)
        self.stripe_calls = Histogram("stripe_call_seconds", "Questions to Stripe.", ["outcome"], buckets=SECONDS)
        self._kept: dict[tuple[str, object, str], tuple[Any, Any]] = {}

    def count_request(self, method: str, route: object, status: str, seconds: float) -> None:
        """A request has been answered; whatever a client makes up counts as one."""
        key = (method if method in METHODS else "other", route, status)
        # Finding a label takes longer than counting.
        if key not in self._kept:
            name = str(route or "none")
            self._kept[key] = (self.requests.labels(key[0], name, status), self.seconds.labels(name))
        counter, histogram = self._kept[key]
        counter.inc()
        histogram.observe(seconds)
