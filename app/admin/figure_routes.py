"""The figures over time, and behind each of them the rows that it is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import abort, render_template, request

from app.admin.lists import emails_of, scope_to_show
from app.admin.paging import Page, newest_first
from app.auth.models import User
from app.billing import figure_rows as rows
from app.billing import figures as by_time
from app.billing import movements as moving
from app.billing import reports
from app.billing.gateway.account import StripeScope
from app.billing.gateway.clock import moved_clock, stripe_now
from app.billing.models.payments import Payment
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.database import db

MONTHS, DAYS = (3, 12, 24), 30
MOVEMENTS_SHOWN = 500
# This month and the twelve before it: who began then has had twelve months to stay.
COHORTS_SHOWN = 13
KIND_NAMES = {"new": "New", "reactivation": "Won back", "expansion": "More", "contraction": "Less", "churn": "Lost"}


@dataclass(frozen=True)
class Asked:
    """Which rows are asked for: what the address says, and the moment that counts."""

    scope: StripeScope
    now: datetime
    month: str
    currency: str
    plan: str
    interval: str
    reason: str


@dataclass(frozen=True)
class Rows:
    """A page of rows: what they are, and how to find them."""

    title: str
    says: str
    find: Callable[[Asked], sa.Select[Any]]


OF_PAYMENTS = {
    "month": Rows(
        "Revenue of a month",
        "What was paid in the month. Net is after refunds and lost disputes, whenever they came.",
        lambda asked: rows.payments_of_month(asked.scope, asked.month, asked.currency),
    ),
    "plan": Rows(
        "What a plan brought",
        "What was paid in twelve months.",
        lambda asked: rows.payments_of_plan(asked.scope, asked.plan, asked.interval, asked.currency, asked.now),
    ),
    "recovered": Rows(
        "Paid after all",
        "Payments of 90 days that failed at first.",
        lambda asked: rows.recovered_payments(asked.scope, asked.now),
    ),
    "unpaid": Rows(
        "Still unpaid",
        "Payments of 90 days that failed, and are still asked for.",
        lambda asked: rows.unpaid_payments(asked.scope, asked.now),
    ),
    "given-up": Rows(
        "Given up",
        "Payments of 90 days that failed, and are asked for no more.",
        lambda asked: rows.given_up_payments(asked.scope, asked.now),
    ),
}
OF_SUBSCRIPTIONS = {
    "paying": Rows(
        "What recurring revenue is made of",
        "A year counts a twelfth a month, and discounts are taken off as Stripe last told.",
        lambda asked: rows.paying_subscriptions(asked.scope),
    ),
    "lost": Rows(
        "Customers lost",
        "Subscriptions that ran 30 days ago and have ended since.",
        lambda asked: rows.lost_subscriptions(asked.scope, asked.now),
    ),
    "trials": Rows(
        "Trials that ended",
        "In 90 days, whether they went on or not.",
        lambda asked: rows.ended_trials(asked.scope, asked.now),
    ),
    "reasons": Rows(
        "Why they left",
        "Subscriptions cancelled in twelve months whose owner said why.",
        lambda asked: _with_reason(rows.answered_subscriptions(asked.scope, asked.now), asked.reason),
    ),
    "cohort": Rows(
        "Those who began in a month",
        "Every subscription of everybody whose first paid one began in the month.",
        lambda asked: rows.subscriptions_of_cohort(asked.scope, asked.month),
    ),
}


def figures() -> str:
    """Who stays and who leaves, what is lost and won back, and what each plan brings."""
    now, scope = stripe_now(), scope_to_show()
    by_day = request.args.get("days", 0, int) == DAYS
    # The last days lie in this month and the one before.
    months = 2 if by_day else request.args.get("months", 12, int)
    moving.note_changes(scope, now)
    shown = months if by_day or months in MONTHS else 12
    return render_template(
        "admin/figures.html",
        clock=moved_clock(now),
        months=shown,
        ranges=[
            ("30 days", {"days": DAYS}, by_day),
            *((f"{one} months", {"months": one}, one == shown) for one in MONTHS),
        ],
        daily=reports.revenue_by_day(scope, DAYS, now) if by_day else [],
        kinds=KIND_NAMES,
        movements=moving.movements(scope, shown, now),
        revenue=reports.revenue_by_month(scope, shown, now),
        cohorts=by_time.cohorts(scope, COHORTS_SHOWN, now),
        trials=by_time.trial_conversion(scope, now),
        customer_churn=reports.churn(scope, now=now),
        revenue_churn=by_time.revenue_churn(scope, now),
        recovered=by_time.recovered_payments(scope, now),
        reasons=by_time.reasons_for_leaving(scope, now),
        by_plan=by_time.revenue_by_plan(scope, now),
    )


def figure_rows(name: str) -> str:
    """The rows that a figure is made of, with what they come to."""
    asked = asked_for()
    if name == "movements":
        return _movements(asked)
    is_of_payments = name in OF_PAYMENTS
    meant, query = _meant(name), query_of(name, asked)
    after = request.args.get("after")
    page: Page[Any] = (
        newest_first(query, Payment.paid_at if name == "month" else Payment.created_at, Payment.id, after)
        if is_of_payments
        else newest_first(query, Subscription.started_at, Subscription.stripe_subscription_id, after)
    )
    return render_template(
        "admin/figure_rows.html",
        clock=moved_clock(asked.now),
        name=name,
        rows=meant,
        asked={key: value for key, value in request.args.items() if key != "after"},
        count=db.session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0,
        totals=by_time.totals(query) if is_of_payments else {},
        monthly=by_time.monthly_totals(query) if name in ("paying", "lost") else {},
        page=page,
        emails=emails_of(page.rows),
    )


def query_of(name: str, asked: Asked) -> sa.Select[Any]:
    """What finds the rows of a figure; one that does not exist is 404."""
    query = _meant(name).find(asked)
    if asked.currency:
        query = query.where((Payment if name in OF_PAYMENTS else Subscription).currency == asked.currency)
    return query


def _meant(name: str) -> Rows:
    return OF_PAYMENTS.get(name) or OF_SUBSCRIPTIONS.get(name) or abort(404)


def _movements(asked: Asked) -> str:
    # The figure that leads here wrote the changes down, and these rows come to what it says.
    kind = request.args.get("kind", "")
    found = moving.movements_of(asked.scope, asked.month, asked.currency, kind)
    shown = found[:MOVEMENTS_SHOWN]
    customers = {row.stripe_customer_id for row in shown}
    query = (
        sa.select(StripeCustomer.stripe_customer_id, User.id, User.email)
        .join(User, User.id == StripeCustomer.user_id)
        .where(StripeCustomer.stripe_customer_id.in_(customers))
    )
    return render_template(
        "admin/movements.html",
        clock=moved_clock(asked.now),
        rows=shown,
        count=len(found),
        difference=sum(row.difference for row in found),
        owners={row.stripe_customer_id: row for row in db.session.execute(query)},
        kinds=KIND_NAMES,
        kind=kind if kind in KIND_NAMES else "",
        month=asked.month,
        currency=asked.currency,
    )


def asked_for() -> Asked:
    """What the address says; a month that is none is 404."""
    now, scope = stripe_now(), scope_to_show()
    month = request.args.get("month", f"{now:%Y-%m}")
    try:
        reports.first_day(month)
    except ValueError:
        abort(404)
    words = {name: request.args.get(name, "") for name in ("currency", "plan", "interval", "reason")}
    return Asked(scope, now, month, **words)


def _with_reason(query: sa.Select[Any], reason: str) -> sa.Select[Any]:
    return query.where(Subscription.cancellation_feedback == reason) if reason else query
