"""The overview, with what needs an operator and the figures, and the payments."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug import Response

from app.admin.connection_routes import connection_health
from app.admin.lists import emails_of, list_page, scope_to_show
from app.admin.needs import needs
from app.admin.paging import newest_first
from app.auth.models import User
from app.billing import figure_rows, reports
from app.billing import figures as by_time
from app.billing.catalog.plans import current_catalog
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.gateway.clock import moved_clock, stripe_now
from app.billing.models.payments import Payment
from app.billing.movements import movements, note_changes
from app.billing.reports import payments_to_refund
from app.billing.statuses import PaymentStatus
from app.database import db
from app.templating import money


def index() -> str:
    """How the site stands at a glance."""
    now, scope = stripe_now(), scope_to_show()
    note_changes(scope, now)
    shown, waiting = _figures(scope, now), list(needs(scope))
    return render_template(
        "admin/index.html",
        **shown,
        sentence=_standing(shown["monthly"], shown["subscribers"], len(waiting)),
        users=db.session.scalar(sa.select(sa.func.count()).select_from(User)) or 0,
        movements=movements(scope, now=now),
        at_risk=by_time.totals(figure_rows.unpaid_payments(scope, now)),
        needs=waiting,
    )


def payments() -> str:
    """The payments, newest first, with the figures and the connection's health; or those that bought nothing."""
    if request.args.get("show") == "unearned":
        return _unearned(scope_to_show())
    now, scope = stripe_now(), scope_to_show()
    return render_template(
        "admin/payments.html",
        **list_page("payments"),
        **connection_health(),
        **_figures(scope, now),
        statuses=list(PaymentStatus),
    )


def _figures(scope: StripeScope, now: datetime) -> dict[str, Any]:
    """What both pages tell: recurring revenue, subscribers, churn, and what came in each month."""
    by_plan = reports.recurring_by_plan(scope)
    return {
        "clock": moved_clock(now),
        "monthly": _in_words(reports.monthly_recurring_revenue(scope)),
        "by_plan": by_plan,
        "subscribers": sum(row.subscribers for row in by_plan),
        "churn": reports.churn(scope, now=now),
        "revenue": reports.revenue_by_month(scope, now=now),
    }


def _unearned(scope: StripeScope) -> str:
    """The payments that bought nothing, for the operator to refund."""
    query = payments_to_refund(scope)
    page = newest_first(query, Payment.created_at, Payment.id, request.args.get("after"))
    return render_template("admin/unearned.html", page=page, emails=emails_of(page.rows))


def keep_payment(payment_id: int) -> Response:
    """Leave a payment as it is: it was owed after all, or is settled otherwise."""
    if not reports.keep_payment(payment_id, current_scope(), current_user.email):
        abort(404)
    flash("The payment is kept.", "success")
    return redirect(url_for("admin.payments", show="unearned"), 303)


def _standing(monthly: str, subscribers: int, waiting: int) -> str:
    people = f"{subscribers:,} {'subscriber' if subscribers == 1 else 'subscribers'}"
    call = f"{waiting} {'thing needs' if waiting == 1 else 'things need'} you." if waiting else "Nothing needs you."
    return f"{monthly} a month from {people}. {call}"


def _in_words(amounts: dict[str, int]) -> str:
    known = amounts or {current_catalog().currency: 0}
    return " + ".join(money(amount, currency) for currency, amount in sorted(known.items()))
