"""The account page, as it is shown and as it comes back with a form that needs another look."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from flask import render_template

from app.account.forms import ChangeEmailForm, ChangePasswordForm
from app.account.history import open_sessions, security_history
from app.account.life import life_of
from app.account.presenters import (
    Problem,
    Summary,
    describe,
    describe_card,
    describe_discount,
    describe_other_access,
    describe_problem,
)
from app.auth.models import User
from app.auth.sessions import this_user
from app.billing.catalog.plans import Interval, current_catalog
from app.billing.gateway.account import known_scope
from app.billing.gateway.clock import moved_clock, stripe_now
from app.billing.models.payments import Payment
from app.billing.models.subscription import Subscription
from app.billing.payments.cards import card_on_file
from app.billing.payments.orders import bought_for_good
from app.billing.roles.decision import role_of_order
from app.billing.roles.grants import given_role
from app.billing.statuses import ASKED_FOR, SENT_BY_MAIL, PaymentStatus
from app.billing.subscriptions.lookup import latest_subscription, live_subscriptions
from app.billing.subscriptions.next_charge import refresh_next_charges
from app.database import db
from app.languages import gettext as _
from app.templating import money

logger = logging.getLogger(__name__)
PAYMENTS_SHOWN = 5
ENTRIES_SHOWN = 5


def account_page() -> str:
    """Plan and billing: the subscription in a sentence, its line, the card, and the last receipts."""
    now, user = stripe_now(), this_user()
    scope = known_scope()
    card = card_on_file(user, scope, again=refresh_next_charges(user, scope)) if scope else None
    summary, notice = billing_summary(user)
    subscription = current_subscription(user)
    payments = recent_payments(user, PAYMENTS_SHOWN)
    return render_template(
        "account/index.html",
        summary=summary,
        notice=notice,
        card=describe_card(card, now),
        discount=describe_discount(subscription),
        payments=payments,
        totals=totals_of_year(user, now.year),
        life=life_of(subscription, payments, now),
        clock=moved_clock(now),
        saving=_saving(subscription),
    )


def _saving(subscription: Subscription | None) -> str | None:
    """What paying by the year would save somebody who pays by the month; None for everybody else."""
    if subscription is None or subscription.has_ended or subscription.is_canceling:
        return None
    if subscription.needs_payment or subscription.is_paused:
        return None
    plan = subscription.plan.in_currency(subscription.currency) if subscription.plan else None
    by_month, by_year = (plan.price(each) if plan else None for each in Interval)
    is_monthly = (subscription.interval, subscription.interval_count) == (Interval.MONTH, 1)
    if not (is_monthly and by_month and by_year and by_month.currency == by_year.currency == subscription.currency):
        return None
    saved = (12 * by_month.amount - by_year.amount) * (subscription.seats or 1)
    if saved <= 0 or not by_year.is_recurring:
        return None
    return _("Switch to yearly, save %(amount)s", amount=money(saved, by_year.currency))


def security_page(email_form: ChangeEmailForm | None = None, password_form: ChangePasswordForm | None = None) -> str:
    """How one signs in, with a form that came back if there is one."""
    user = this_user()
    return render_template(
        "account/security.html",
        email_form=email_form or ChangeEmailForm(user.email, formdata=None),
        password_form=password_form or ChangePasswordForm(user.email, formdata=None),
        sessions=open_sessions(user),
        activity=security_history(user, ENTRIES_SHOWN),
    )


def billing_summary(user: User) -> tuple[Summary, Problem | None]:
    """The subscription in a sentence, and the notice about a payment that did not go through."""
    subscription = current_subscription(user)
    payment = _open_payment(subscription) if subscription else None
    summary = describe(
        subscription,
        other_access=other_access(user),
        payment_url=payment.hosted_invoice_url if payment else None,
        is_sent=payment is not None and payment.status in SENT_BY_MAIL,
        is_stale=user.role_is_stale,
        has_free_plan=current_catalog().free_plan is not None,
    )
    return summary, describe_problem(subscription, payment, access_until=user.known_role_end)


def open_problem() -> Problem | None:
    """The notice about a payment that did not go through, for every page of who is signed in.

    It is no reason to show no page: where the database cannot be asked, there is no notice.
    """
    try:
        user = this_user()
        scope = known_scope() if user.may_owe else None
        unpaid = [row for row in live_subscriptions(user, scope) if row.needs_payment] if scope else []
        payments = [(row, _open_payment(row)) for row in unpaid]
        told = (describe_problem(row, payment, access_until=user.known_role_end) for row, payment in payments)
        return next(filter(None, told), None)
    except sa.exc.SQLAlchemyError:
        logger.exception("What is owed could not be read.")
        return None


def current_subscription(user: User) -> Subscription | None:
    """The subscription to tell about: the running one, or else the one that ended last. Never waits for Stripe."""
    scope = known_scope()
    return latest_subscription(user, scope) if scope else None


def recent_payments(user: User, count: int) -> Sequence[Payment]:
    """The last payments, newest first."""
    return db.session.scalars(payments_of(user).limit(count)).all()


def payments_of(user: User) -> sa.Select[Payment]:
    """The user's payments in this account and mode, newest first; none while the account is not known."""
    scope = known_scope()
    of_scope = scope.covers(Payment) if scope else sa.false()
    return sa.select(Payment).where(Payment.user_id == user.id, of_scope).order_by(Payment.created_at.desc())


def totals_of_year(user: User, year: int) -> list[tuple[str, int, str]]:
    """What was paid in a year in each currency, less refunds: a label, minor units, the currency."""
    begins, ends = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    kept = sa.func.sum(Payment.amount - Payment.amount_refunded)
    paid = payments_of(user).where(
        Payment.status == PaymentStatus.PAID.value, Payment.created_at >= begins, Payment.created_at < ends
    )
    sums = paid.order_by(None).with_only_columns(Payment.currency, kept).group_by(Payment.currency)
    return [
        (_("Paid in %(year)s", year=year), int(row[1]), row[0])
        for row in db.session.execute(sums.order_by(Payment.currency))
    ]


def _open_payment(subscription: Subscription) -> Payment | None:
    query = (
        sa.select(Payment)
        .where(Payment.stripe_subscription_id == subscription.stripe_subscription_id, Payment.status.in_(ASKED_FOR))
        .order_by(Payment.created_at.desc())
        .limit(1)
    )
    payment: Payment | None = db.session.scalar(query)
    return payment


def other_access(user: User) -> str | None:
    """A sentence about what was bought once or given; what was bought is told first."""
    return _bought_once(user) or _given(user)


def _bought_once(user: User) -> str | None:
    scope = known_scope()
    orders = bought_for_good(user, scope) if scope else []
    return describe_other_access(role_of_order(orders[0]).name) if orders else None


def _given(user: User) -> str | None:
    gift = given_role(user)
    return describe_other_access(gift[0].name, is_gift=True, until=gift[1]) if gift else None
