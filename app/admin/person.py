"""A person's page: how they stand in a sentence, the facts, and what their access rests on."""

from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import current_app, render_template, request

from app.account.life import life_of
from app.account.page import billing_summary
from app.account.presenters import describe_card
from app.admin.acts import acts_for
from app.admin.timeline import timeline_of
from app.auth.models import User, UserSession
from app.billing.gateway.account import current_scope
from app.billing.gateway.clock import stripe_now
from app.billing.models.payments import Payment
from app.billing.models.roles import Grant
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.billing.payments.orders import bought_for_good
from app.billing.roles.decision import cause_of, decide_role, role_of_order
from app.billing.roles.grants import given_role
from app.billing.statuses import ASKED_FOR, PaymentStatus
from app.billing.subscriptions.lookup import latest_subscription
from app.billing.support.refunds import amount_refundable
from app.database import db, utcnow
from app.templating import date, money

SHOWN = 20
Owned = TypeVar("Owned", Grant, Payment, StripeCustomer, Subscription)


def person_page(user: User) -> str:
    """All that there is to know of somebody, and what can be done for them."""
    now, scope = stripe_now(), current_scope()
    decision = decide_role(user, scope)
    payments = _newest(Payment, Payment.created_at, user, scope.covers(Payment))
    customers = _newest(StripeCustomer, StripeCustomer.created_at, user, scope.covers(StripeCustomer))
    subscription = latest_subscription(user, scope)
    summary, _ = billing_summary(user)
    return render_template(
        "admin/user.html",
        user=user,
        sentence=standing_of(user, subscription, payments),
        their_sentence=summary.sentence,
        life=life_of(subscription, payments, now),
        decision=decision,
        cause_row=cause_of(user, decision),
        card=describe_card(customers[0] if customers else None, now),
        has_no_card=not customers or customers[0].card_is_known,
        devices=_count_devices(user),
        totals=_paid_in_all(user, scope.covers(Payment)),
        acts=acts_for(user),
        grants=_newest(Grant, Grant.id, user),
        subscriptions=_newest(Subscription, Subscription.started_at, user, scope.covers(Subscription)),
        payments=payments,
        refundable={payment.id for payment in payments if amount_refundable(payment) > 0},
        customers=customers,
        timeline=timeline_of(user, scope, request.args.get("after"), current_app.config["APP_NAME"]),
    )


def standing_of(user: User, subscription: Subscription | None, payments: Sequence[Payment]) -> str:
    """How somebody stands, told to the operator: "On Pro. The next $29 is on 25 December."."""
    if subscription is None or subscription.has_ended:
        ended_at = subscription.ended_at if subscription else None
        name = f"{subscription.plan_name} " if subscription and subscription.plan_name else ""
        ended = f" The {name}subscription ended on {date(ended_at)}." if ended_at else ""
        return f"{_without_subscription(user)}{ended}"
    name, asked = subscription.plan_name or "Something that is no plan", _next_amount(subscription)
    day = subscription.renews_at
    if subscription.needs_payment or subscription.status == "paused":
        return _owing(name, subscription, payments)
    elif subscription.is_canceling and not subscription.is_charged_again:
        until = f" until {date(subscription.ends_at)}" if subscription.ends_at else ""
        return f"On {name}{until}, and charged no more."
    elif subscription.skips_next_charge:
        resumes_at = subscription.collection_resumes_at
        return f"On {name}. Payments are paused{f' until {date(resumes_at)}' if resumes_at else ''}."
    elif subscription.is_trialing and subscription.trial_end:
        return f"Trying {name} until {date(subscription.trial_end)}. Then {asked} is due."
    else:
        return f"On {name}.{f' The next {asked} is on {date(day)}.' if day else ''}"


def _without_subscription(user: User) -> str:
    orders, gift = bought_for_good(user, current_scope()), given_role(user)
    if orders:
        return f"{role_of_order(orders[0]).name} for good, bought once."
    elif gift:
        return f"{gift[0].name} as a gift{f', until {date(gift[1])}' if gift[1] else ''}."
    else:
        return "No plan is paid for."


def _owing(name: str, subscription: Subscription, payments: Sequence[Payment]) -> str:
    """What is owed, by the newest of their payments (newest first) that is still asked for."""
    asked = next((row for row in payments if row.status in ASKED_FOR), None)
    owed = money(asked.amount, asked.currency) if asked else "A payment"
    since = f" since {date(subscription.unpaid_since)}" if subscription.unpaid_since else ""
    keeps = f"{name} stays on for now" if subscription.grants_access else f"{name} is paused until then"
    if subscription.status == "paused":
        return f"The trial of {name} ended with no way to pay."
    elif subscription.status == "incomplete":
        return f"The first payment for {name} is not finished."
    else:
        return f"{owed} for {name} is owed{since}. {keeps}."


def _next_amount(subscription: Subscription) -> str:
    due = subscription.next_charge
    amount, currency = (due.amount, due.currency) if due else (subscription.amount, subscription.currency)
    return money(amount, currency) if amount is not None and currency else "payment"


def _count_devices(user: User) -> int:
    live = sa.select(sa.func.count()).where(UserSession.user_id == user.id, UserSession.expires_at > utcnow())
    return db.session.scalar(live) or 0


def _paid_in_all(user: User, of_scope: sa.ColumnElement[bool]) -> list[tuple[str, int]]:
    """What was paid in each currency, less refunds: the currency, and minor units."""
    kept = sa.func.sum(Payment.amount - Payment.amount_refunded)
    query = (
        sa.select(Payment.currency, kept)
        .where(Payment.user_id == user.id, of_scope, Payment.status == PaymentStatus.PAID.value)
        .group_by(Payment.currency)
        .order_by(Payment.currency)
    )
    return [(row[0], int(row[1])) for row in db.session.execute(query)]


def _newest(model: type[Owned], order: Any, user: User, *where: sa.ColumnElement[bool]) -> list[Owned]:
    query = sa.select(model).where(model.user_id == user.id, *where).order_by(order.desc()).limit(SHOWN)
    return list(db.session.scalars(query))
