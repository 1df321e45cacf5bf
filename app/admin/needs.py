"""What needs an operator: one line each, with the way to what can be done about it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa

from app.auth.models import User
from app.billing.catalog.plans import current_catalog
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.connection import TURNED_AWAY, ConnectionState, known_state
from app.billing.gateway.prices import noted_problems
from app.billing.models.payments import Order, Payment
from app.billing.models.subscription import NEED_PAYMENT, Subscription
from app.billing.payments.cards import shared_card
from app.billing.payments.disputes import DISPUTED
from app.billing.reports import count_payments_to_refund
from app.billing.setup.prices import subscriptions_at_unknown_prices
from app.billing.setup.removed import removed_in_use
from app.billing.statuses import ASKED_FOR, ENDED_STATUSES, EventOutcome, OrderState
from app.billing.support.evidence import open_disputes
from app.billing.webhooks import log as event_log
from app.billing.webhooks.invoice_events import STUCK_INVOICE
from app.billing.webhooks.refusals import refusals
from app.database import db, utcnow
from app.jobs import NIGHT_FAILED, last_heartbeat, last_reconcile
from app.mail import delivery
from app.mail.alerts import open_alerts
from app.templating import date, datetime, money

# As many people are named as fit on a screen; the list of subscriptions has them all.
NAMED = 10
# The heartbeat comes every minute.
LATEST_HEARTBEAT = timedelta(minutes=10)
DRIFT = {
    "has_access_without_paying": "with access without paying",
    "pays_without_access": "paying without access",
    "settled_orders": "with an order whose webhook never came",
    "repaired_payments": "of the payments not as Stripe has them",
    "several_subscriptions": "with several subscriptions",
}


@dataclass(frozen=True)
class Need:
    """Something that an operator should look at, and where it can be put right."""

    sentence: str
    endpoint: str
    action: str
    values: dict[str, Any] = field(default_factory=dict)


def needs(scope: StripeScope) -> Iterator[Need]:
    """Everything that needs an operator now, the most urgent first."""
    yield from _connection()
    yield from _events()
    yield from _money(scope)
    yield from _past_due(scope)
    yield from _catalogue(scope)
    yield from _jobs()
    yield from _mail()


def _jobs() -> Iterator[Need]:
    """What runs beside the site, and what the last night found."""
    for alert in open_alerts(NIGHT_FAILED):
        yield Need(alert.message, "admin.connection", "See when it was last done")
    beat = last_heartbeat()
    if beat is not None and beat < utcnow() - LATEST_HEARTBEAT:
        sentence = f"Nobody works on jobs since {datetime(beat)}: no mail goes out. Start `flask jobs run`."
        yield Need(sentence, "admin.connection", "See when it was last done")
    night = last_reconcile() or {}
    if unasked := night.get("failed", 0):
        words = "person" if unasked == 1 else "people"
        yield Need(f"Last night Stripe could not be asked about {unasked} {words}.", "admin.connection", "Check Stripe")
    if found := [f"{night[name]} {words}" for name, words in DRIFT.items() if night.get(name)]:
        sentence = f"Last night's comparison with Stripe found {', '.join(found)}, and repaired it."
        yield Need(sentence, "admin.audit", "See what changed")


def _mail() -> Iterator[Need]:
    if stuck := delivery.count_stuck():
        words = "mail waits" if stuck == 1 else "mails wait"
        yield Need(f"{stuck} {words} for more than an hour: is the mail server up?", "admin.index", "Look again")
    for refused in delivery.last_refusals(NAMED):
        yield Need(f"A mail was refused: {refused}", "admin.users", "Find the account")


def _connection() -> Iterator[Need]:
    if known_state(get_gateway()) != ConnectionState.CONNECTED:
        yield Need("Stripe refuses our key: nothing can be sold.", "admin.connection", "See the connection")
    for alert in (*open_alerts(TURNED_AWAY), *refusals()):
        yield Need(alert.message, "admin.connection", "See the connection")


def _events() -> Iterator[Need]:
    if failed := event_log.count_failed():
        words = "event was" if failed == 1 else "events were"
        values = {"outcome": EventOutcome.FAILED.value}
        yield Need(f"{failed} {words} not processed.", "admin.events", "See and replay them", values)


def _money(scope: StripeScope) -> Iterator[Need]:
    yield from _disputes(scope)
    yield from _paying_for_what_they_own(scope)
    for alert in open_alerts(STUCK_INVOICE):
        yield Need(alert.message, "admin.payments", "See payments")
    for alert in open_alerts(shared_card(scope)):
        yield Need(alert.message, "admin.users", "See whose", {"card": alert.cause.rpartition(":")[2]})
    mismatched = sa.select(sa.func.count()).where(scope.covers(Order), Order.state == OrderState.MISMATCHED)
    if count := db.session.scalar(mismatched):
        words = "order was" if count == 1 else "orders were"
        values = {"state": OrderState.MISMATCHED.value}
        yield Need(f"{count} {words} paid and could not be fulfilled.", "admin.orders", "Settle them", values)
    if unearned := count_payments_to_refund(scope):
        words = "payment" if unearned == 1 else "payments"
        yield Need(f"{unearned} {words} bought nothing.", "admin.payments", "See them", {"show": "unearned"})
    failed_refunds = sa.select(Payment).where(scope.covers(Payment), Payment.has_failed_refund)
    not_refunded = failed_refunds.where(Payment.amount_refunded == 0, Payment.settled_at.is_(None))
    # What is disputed cannot be refunded, and is named as such.
    still_here = (one for one in db.session.scalars(not_refunded.order_by(Payment.id.desc())) if not one.is_disputed)
    for payment in islice(still_here, NAMED):
        amount = money(payment.amount, payment.currency)
        sentence = f"A refund of the {amount} of {date(payment.created_at)} failed: the money is still here."
        yield Need(sentence, "admin.refund", "Refund it again", {"payment_id": payment.id})


def _paying_for_what_they_own(scope: StripeScope) -> Iterator[Need]:
    """Who bought a plan for good and goes on paying for no more than that: it came later, or cannot be ended."""
    row = Subscription
    goes_on = sa.or_(row.cancel_at.is_(None), row.cancel_at > row.renews_at)
    found = (
        sa.select(Order, row, User.email)
        .join(row, row.user_id == Order.user_id)
        .join(User, User.id == Order.user_id)
        .where(scope.covers(Order), Order.interval.is_(None), Order.state == OrderState.FULFILLED)
        .where(scope.covers(row), row.status.not_in(ENDED_STATUSES), row.plan_key.is_not(None))
        .where(row.cancel_at_period_end.is_(False), goes_on, row.role_rank <= Order.role_rank)
        .order_by(row.stripe_subscription_id)
    )
    for order, subscription, email in db.session.execute(found.limit(NAMED)):
        owned = current_catalog().plan_name(order.plan_key)
        sentence = f"{email} has {owned} for good, and goes on paying for {subscription.plan_name}."
        yield Need(sentence, "admin.user", "See them", {"user_id": order.user_id})


def _disputes(scope: StripeScope) -> Iterator[Need]:
    """What the bank asks about, the one to be answered first coming first."""
    disputed = open_disputes(scope)
    for payment in disputed[:NAMED]:
        amount = money(payment.amount_disputed or payment.amount, payment.currency)
        sentence = f"{amount} of {date(payment.created_at)} is disputed."
        if payment.dispute_due_by:
            sentence += f" Answer before {datetime(payment.dispute_due_by)}."
        yield Need(sentence, "admin.dispute", "See the evidence", {"payment_id": payment.id})
    known = {f"{DISPUTED}{payment.stripe_dispute_id}" for payment in disputed}
    for alert in open_alerts(DISPUTED):
        if alert.cause not in known:
            yield Need(alert.message, "admin.payments", "See payments")


def _past_due(scope: StripeScope) -> Iterator[Need]:
    """Who owes something: how much, since when, and when Stripe tries again."""
    owing = (
        sa.select(Subscription, User.email)
        .join(User, User.id == Subscription.user_id)
        .where(scope.covers(Subscription), Subscription.status.in_(NEED_PAYMENT))
        .order_by(Subscription.unpaid_since.desc(), Subscription.stripe_subscription_id)
    )
    for row, email in db.session.execute(owing.limit(NAMED)):
        asked = _open_payment(row)
        amount = f"{money(asked.amount, asked.currency)} " if asked else ""
        since = f" since {date(row.unpaid_since)}" if row.unpaid_since else ""
        tried = f" Stripe tries again on {date(asked.next_attempt_at)}." if asked and asked.next_attempt_at else ""
        yield Need(f"{email} owes {amount}for {row.plan_name or 'a plan'}{since}.{tried}", "admin.user", "See them",
                   {"user_id": row.user_id})  # fmt: skip


def _open_payment(row: Subscription) -> Payment | None:
    of_it = sa.select(Payment).where(Payment.stripe_subscription_id == row.stripe_subscription_id)
    unpaid = of_it.where(Payment.status.in_(ASKED_FOR))
    found: Payment | None = db.session.scalar(unpaid.order_by(Payment.created_at.desc()).limit(1))
    return found


def _catalogue(scope: StripeScope) -> Iterator[Need]:
    if unknown := subscriptions_at_unknown_prices(scope):
        words = "subscription has" if len(unknown) == 1 else "subscriptions have"
        sentence = f"{len(unknown)} {words} a price that no plan knows, and grant nothing."
        yield Need(sentence, "admin.subscriptions", "See subscriptions")
    for line in removed_in_use(scope):
        yield Need(f"The {line}.", "admin.subscriptions", "See subscriptions")
    for sentence in noted_problems(scope):
        yield Need(sentence, "admin.connection", "Check again")
