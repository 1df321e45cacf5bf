"""The overview and the Payments page: the figures, and what needs a look."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug import Response

from app import jobs
from app.admin.paging import newest_first
from app.admin.record_routes import emails_of
from app.auth.models import User
from app.billing import reports
from app.billing.catalog.plans import current_catalog
from app.billing.errors import StripeUnavailable
from app.billing.gateway.access import TURNED_AWAY
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.connection import ConnectionState, current_connection, known_state
from app.billing.gateway.prices import noted_problems
from app.billing.models.payments import Order, Payment
from app.billing.payments.cards import shared_card
from app.billing.payments.disputes import DISPUTED
from app.billing.reports import count_payments_to_refund, payments_to_refund
from app.billing.setup.prices import subscriptions_at_unknown_prices
from app.billing.setup.removed import removed_in_use
from app.billing.statuses import EventOutcome, OrderState
from app.billing.webhooks import log as event_log
from app.billing.webhooks.invoice_events import STUCK_INVOICE
from app.billing.webhooks.refusals import refusals
from app.database import db
from app.mail import delivery
from app.mail.alerts import open_alerts
from app.templating import money


@dataclass(frozen=True)
class Concern:
    """Something that an operator should look at, and where."""

    sentence: str
    endpoint: str
    values: dict[str, Any]
    action: str


def index() -> str:
    """How the site stands at a glance."""
    scope = _scope_to_show()
    counts = {
        "Users": db.session.scalar(sa.select(sa.func.count()).select_from(User)) or 0,
        "Monthly revenue": _in_words(reports.monthly_recurring_revenue(scope)),
        "Subscribers": sum(reports.active_subscribers_by_plan(scope).values()),
    }
    return render_template("admin/index.html", figures_shown=list(counts.items()), concerns=list(_concerns(scope)))


def payments() -> str:
    """Revenue, MRR, subscribers, churn, the connection's health, and the payments themselves."""
    scope = _scope_to_show()
    if request.args.get("show") == "unearned":
        return _unearned(scope)
    query = sa.select(Payment).where(scope.covers(Payment))
    page = newest_first(query, Payment.created_at, Payment.id, request.args.get("after"))
    return render_template(
        "admin/payments.html",
        revenue=reports.revenue_by_month(scope),
        monthly_revenue=_in_words(reports.monthly_recurring_revenue(scope)),
        by_plan=reports.active_subscribers_by_plan(scope),
        churn=reports.churn(scope),
        page=page,
        emails=emails_of(page.rows),
        scope=scope,
        connection=current_connection(),
        state=known_state(get_gateway()).value,
        refusal=get_gateway().access.last_refusal(),
        can_connect=bool(current_app.extensions["settings"].stripe_connect_client_id),
        last_event=event_log.last_event(),
        failed_events=event_log.count_failed(),
        last_reconcile=jobs.last_reconcile(),
    )


def _scope_to_show() -> StripeScope:
    """The account and mode in use; one without a name where Stripe does not say, so that the page can tell of that."""
    try:
        return current_scope()
    except StripeUnavailable:
        return StripeScope("", get_gateway().livemode)


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


def _concerns(scope: StripeScope) -> Iterator[Concern]:
    if known_state(get_gateway()) != ConnectionState.CONNECTED:
        yield Concern("Stripe does not let us in: nothing can be sold.", "admin.payments", {}, "See the connection")
    for alert in open_alerts(TURNED_AWAY):
        yield Concern(alert.message, "admin.payments", {}, "See the connection")
    for alert in (*open_alerts(DISPUTED), *open_alerts(STUCK_INVOICE)):
        yield Concern(alert.message, "admin.payments", {}, "See payments")
    for refused in refusals():
        yield Concern(refused.message, "admin.payments", {}, "See the connection")
    for alert in open_alerts(shared_card(scope)):
        yield Concern(alert.message, "admin.users", {"card": alert.cause.rpartition(":")[2]}, "See whose")
    if failed := event_log.count_failed():
        words = "event was" if failed == 1 else "events were"
        values = {"outcome": EventOutcome.FAILED.value}
        yield Concern(f"{failed} {words} not processed.", "admin.events", values, "See them")
    mismatched = sa.select(sa.func.count()).where(scope.covers(Order), Order.state == OrderState.MISMATCHED)
    if count := db.session.scalar(mismatched):
        words = "order was" if count == 1 else "orders were"
        values = {"state": OrderState.MISMATCHED.value}
        yield Concern(f"{count} {words} paid and could not be fulfilled.", "admin.orders", values, "See why")
    if unearned := count_payments_to_refund(scope):
        words = "payment" if unearned == 1 else "payments"
        yield Concern(f"{unearned} {words} bought nothing.", "admin.payments", {"show": "unearned"}, "See them")
    if unknown := subscriptions_at_unknown_prices(scope):
        words = "subscription has" if len(unknown) == 1 else "subscriptions have"
        sentence = f"{len(unknown)} {words} a price that no plan knows, and grant nothing."
        yield Concern(sentence, "admin.subscriptions", {}, "See subscriptions")
    for line in removed_in_use(scope):
        yield Concern(f"The {line}.", "admin.subscriptions", {}, "See subscriptions")
    for sentence in noted_problems(scope):
        yield Concern(sentence, "admin.payments", {}, "Check again")
    if stuck := delivery.count_stuck():
        words = "mail waits" if stuck == 1 else "mails wait"
        yield Concern(f"{stuck} {words} for more than an hour: is the mail server up?", "admin.index", {}, "Look again")


def _in_words(amounts: dict[str, int]) -> str:
    known = amounts or {current_catalog().currency: 0}
    return " + ".join(money(amount, currency) for currency, amount in sorted(known.items()))
