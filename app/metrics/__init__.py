"""Figures for Prometheus, counted where things happen; without METRICS_TOKEN none are, and nothing is imported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING

from app.database import utcnow

if TYPE_CHECKING:
    from app.metrics.figures import Figures

# Of the process, as Prometheus's own registry is.
_figures: Figures | None = None


def start_counting() -> None:
    """Count from now on. Under gunicorn the workers' counts meet in PROMETHEUS_MULTIPROC_DIR, which its file sets."""
    global _figures
    if _figures is None:
        from app.metrics.figures import Figures

        _figures = Figures()


def count_request(method: str, route: object, status: str, seconds: float) -> None:
    """A request has been answered."""
    if _figures:
        _figures.count_request(method, route, status, seconds)


def count_webhook(outcome: str) -> None:
    """A webhook has been answered: processed, ignored, failed or refused."""
    if _figures:
        _figures.webhooks.labels(outcome).inc()


def note_webhook_age(created_at: datetime) -> None:
    """An event has come in; how long it took grows while Stripe has to try again."""
    if _figures:
        _figures.webhook_age.observe((utcnow() - created_at).total_seconds())


@contextmanager
def stripe_call() -> Iterator[None]:
    """Stripe is asked; what goes wrong is counted by the name of our error."""
    began, outcome = perf_counter(), "ok"
    try:
        yield
    except Exception as error:
        outcome = type(error).__name__
        raise
    finally:
        if _figures:
            _figures.stripe_calls.labels(outcome).observe(perf_counter() - began)
