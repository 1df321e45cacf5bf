"""The pages of figures with 100,000 subscribers and what they have paid, beside a second of patience."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping

import psycopg
from flask.testing import FlaskClient

from benchmarks import databases, site
from benchmarks.report import Line
from benchmarks.rounds import Measure, Pace, Rounds

PEOPLE, PEOPLE_IN_A_TRIAL = 100_000, 1000
PAGES = {
    "the overview": "/admin/",
    "payments": "/admin/payments",
    "payments by amount": "/admin/payments?sort=-amount",
    "figures over 24 months": "/admin/figures?months=24",
    "the rows of a month": "/admin/figures/month?currency=usd&month=2026-06",
    "the rows of recurring revenue": "/admin/figures/paying?currency=usd",
    "the rows of a cohort": "/admin/figures/cohort?month=2026-01",
    "the movements of a month": "/admin/figures/movements?currency=usd&month=2026-06",
}
# Lives spread over two years: a sixth has left, some for what they answered, and a tenth began with a trial.
LIVES = """
UPDATE subscriptions s SET
  started_at = l.began, trial_end = CASE WHEN l.n % 10 = 0 THEN l.began + interval '14 days' END,
  status = CASE WHEN l.n % 6 = 0 THEN 'canceled' ELSE 'active' END,
  ended_at = CASE WHEN l.n % 6 = 0 THEN least(l.began + (l.n % 11 + 1) * interval '30 days', now()) END,
  canceled_at = CASE WHEN l.n % 6 = 0 THEN l.began + (l.n % 11 + 1) * interval '30 days' END,
  cancellation_feedback = CASE WHEN l.n % 12 = 0 THEN 'too_expensive' END,
  plan_key = 'pro', interval_count = 1
FROM (
  SELECT stripe_subscription_id, n, now() - (n % 730) * interval '1 day' AS began
  FROM (SELECT stripe_subscription_id, row_number() OVER () AS n FROM subscriptions) numbered
) l WHERE l.stripe_subscription_id = s.stripe_subscription_id
"""
# A payment for each month of a life; one in fifty failed at first, and one in a hundred went back.
PAID = """
INSERT INTO payments (user_id, stripe_account, livemode, stripe_invoice_id, stripe_subscription_id, status, amount,
  currency, amount_refunded, description, attempt_count, created_at, paid_at)
SELECT user_id, stripe_account, livemode, 'in_' || stripe_subscription_id || '_' || month, stripe_subscription_id,
  'paid', amount, currency, CASE WHEN month % 100 = 7 THEN amount ELSE 0 END, 'Pro',
  CASE WHEN random() < 0.02 THEN 2 ELSE 1 END,
  started_at + month * interval '30 days', started_at + month * interval '30 days'
FROM subscriptions, generate_series(0, 24) AS month
WHERE started_at + month * interval '30 days' < coalesce(ended_at, now())
"""


def measure(pace: Pace) -> Iterator[Line]:
    """Reading each page as an admin does, without the way through a server."""
    from app import create_app

    with databases.postgresql("figures") as database:
        site.populate(database, PEOPLE_IN_A_TRIAL if pace.is_trial else PEOPLE, 1000)
        with psycopg.connect(database, autocommit=True) as connection:
            for statement in (LIVES, PAID, "VACUUM ANALYZE"):
                connection.execute(statement)
        os.environ.update(site.settings(database, "http://127.0.0.1:1"))
        app = create_app()
        # A line for each request would stand between those of the report.
        logging.disable(logging.INFO)
        client = site.admin(app)
        started = time.perf_counter()
        client.get("/admin/figures")
        yield _line("the first look, which writes all movements down", time.perf_counter() - started, must=30)
        for name, path in PAGES.items():
            rounds = Rounds(pace, {"page": _seconds(client, path, pace)})
            yield _line(name, rounds.median("page", "seconds"), must=1)
        with app.app_context():
            app.extensions["sqlalchemy"].engine.dispose()


def _seconds(client: FlaskClient, path: str, pace: Pace) -> Measure:
    """How long the page takes."""

    def measured() -> Mapping[str, float]:
        count, started = 0, time.perf_counter()
        while not count or time.perf_counter() - started < pace.seconds:
            answer = client.get(path)
            assert answer.status_code == 200, path
            count += 1
        return {"seconds": (time.perf_counter() - started) / count}

    return measured


def _line(name: str, seconds: float, must: float) -> Line:
    return Line(f"figures: {name}", f"{seconds:.2f} s", "a second", seconds, must, must / 2, less_is_better=True)
