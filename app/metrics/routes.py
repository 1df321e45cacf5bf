"""`GET /metrics`: what the workers have counted, and what the database says now."""

from __future__ import annotations

import os
from collections.abc import Iterable
from hmac import compare_digest

from flask import Blueprint, Flask, Response, abort, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.billing.gateway.account import known_scope
from app.billing.reports import active_subscribers_by_plan
from app.billing.webhooks import log as event_log
from app.extensions import limiter
from app.metrics import start_counting
from app.metrics.standing import count_mails, count_users, jobs_standing

bp = Blueprint("metrics", __name__)
limiter.exempt(bp)


def init_metrics(app: Flask) -> None:
    """Count from now on, and show it to whoever has METRICS_TOKEN."""
    start_counting()
    app.register_blueprint(bp)


@bp.get("/metrics")
def metrics() -> Response:
    """Prometheus's text; https://prometheus.io/docs/instrumenting/exposition_formats/."""
    token = current_app.extensions["settings"].metrics_token.get_secret_value()
    given = request.headers.get("Authorization", "")
    if not compare_digest(given.encode(), f"Bearer {token}".encode()):
        abort(401)
    now = CollectorRegistry()
    now.register(Standing())
    return Response(generate_latest(_counted()) + generate_latest(now), content_type=CONTENT_TYPE_LATEST)


def _counted() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    counted = CollectorRegistry()
    MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    return counted


class Standing(Collector):
    """How things stand by the database and the queue, asked for each time."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The figures of this moment."""
        yield _gauge("users", "People, by the role that they have and the plan it comes from.", count_users())
        scope = known_scope()
        plans = active_subscribers_by_plan(scope) if scope else {}
        subscribers: dict[tuple[str, ...], int] = {(plan,): count for plan, count in plans.items()}
        yield _gauge("subscribers", "People who subscribe, trials counted in.", subscribers, ["plan"])
        last = event_log.last_event()
        yield GaugeMetricFamily("stripe_events_failed", "Events that wait for another try.", event_log.count_failed())
        at = last.received_at.timestamp() if last else 0
        yield GaugeMetricFamily("stripe_last_event_timestamp_seconds", "When the last event came in.", at)
        yield _gauge("outbox_mails", "Mails that have not gone out.", count_mails(), ["state"])
        for name, text, value in jobs_standing():
            yield GaugeMetricFamily(name, text, value)


def _gauge(
    name: str, text: str, values: dict[tuple[str, ...], int], labels: Iterable[str] = ("role", "plan")
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text, labels=list(labels))
    for of, value in values.items():
        gauge.add_metric(of, value)
    return gauge
