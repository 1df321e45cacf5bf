"""Subscriptions, orders and the audit of roles: lists to read."""

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import render_template, request

from app.admin.filters import DayRange, Sort, counted, one_of
from app.admin.paging import in_order, newest_first
from app.auth.models import User
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import RoleChange
from app.billing.models.subscription import Subscription
from app.billing.statuses import OrderState, PaymentStatus, SubscriptionStatus
from app.database import db

Owned = Subscription | Order | Payment | RoleChange


def subscriptions() -> str:
    """The mirrored subscriptions, newest first."""
    status = one_of(SubscriptionStatus, "status")
    query = sa.select(Subscription).where(current_scope().covers(Subscription), Subscription.started_at.is_not(None))
    if status:
        query = query.where(Subscription.status == status)
    page = newest_first(query, Subscription.started_at, Subscription.stripe_subscription_id, request.args.get("after"))
    return render_template(
        "admin/subscriptions.html",
        page=page,
        total=counted(query, page),
        emails=emails_of(page.rows),
        statuses=list(SubscriptionStatus),
        asked=asked_for("status"),
    )


def orders() -> str:
    """The orders, by when they were made; mismatched ones stand out."""
    state, days = one_of(OrderState, "state"), DayRange.from_request()
    query = days.within(sa.select(Order).where(current_scope().covers(Order)), Order.created_at)
    if state:
        query = query.where(Order.state == state)
    sort = Sort.from_request({"created_at": Order.created_at}, "-created_at")
    page = in_order(query, Order.created_at, Order.id, request.args.get("after"), is_ascending=sort.is_ascending)
    return render_template(
        "admin/orders.html",
        page=page,
        total=counted(query, page),
        sort=sort,
        emails=emails_of(page.rows),
        states=list(OrderState),
        asked=asked_for("state", "from", "to"),
    )


def list_payments(scope: StripeScope) -> dict[str, Any]:
    """The payments that were asked for, for the page that shows them."""
    status, days = one_of(PaymentStatus, "status"), DayRange.from_request()
    query = days.within(sa.select(Payment).where(scope.covers(Payment)), Payment.created_at)
    if status:
        query = query.where(Payment.status == status)
    sort = Sort.from_request({"created_at": Payment.created_at}, "-created_at")
    page = in_order(query, Payment.created_at, Payment.id, request.args.get("after"), is_ascending=sort.is_ascending)
    return {
        "page": page,
        "total": counted(query, page),
        "sort": sort,
        "emails": emails_of(page.rows),
        "statuses": list(PaymentStatus),
        "asked": asked_for("status", "from", "to"),
    }


def audit() -> str:
    """Every change of a role: by which rule, on which object, and the event that caused it."""
    query = DayRange.from_request().within(sa.select(RoleChange), RoleChange.changed_at)
    page = newest_first(query, RoleChange.changed_at, RoleChange.id, request.args.get("after"))
    return render_template(
        "admin/audit.html",
        page=page,
        total=counted(query, page),
        emails=emails_of(page.rows),
        asked=asked_for("from", "to"),
    )


def asked_for(*names: str) -> dict[str, str]:
    """What the address asks for of these, to be passed on to the following page."""
    return {name: request.args[name] for name in names if request.args.get(name)}


def emails_of(rows: Sequence[Owned]) -> dict[uuid.UUID, str]:
    """The addresses of the users on a page, in one question."""
    ids = {row.user_id for row in rows if row.user_id}
    found = db.session.execute(sa.select(User.id, User.email).where(User.id.in_(ids)))
    return {row.id: row.email for row in found}
