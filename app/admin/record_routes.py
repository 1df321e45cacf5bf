"""Subscriptions, orders and the audit of roles: lists to read."""

import uuid
from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

import sqlalchemy as sa
from flask import render_template, request

from app.admin.paging import newest_first
from app.auth.models import User
from app.billing.gateway.account import current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import RoleChange
from app.billing.models.subscription import Subscription
from app.billing.statuses import OrderState, SubscriptionStatus
from app.database import db

Owned = Subscription | Order | Payment | RoleChange
Choice = TypeVar("Choice", bound=StrEnum)


def subscriptions() -> str:
    """The mirrored subscriptions, newest first."""
    status = _one_of(SubscriptionStatus, "status")
    query = sa.select(Subscription).where(current_scope().covers(Subscription), Subscription.started_at.is_not(None))
    if status:
        query = query.where(Subscription.status == status)
    page = newest_first(query, Subscription.started_at, Subscription.stripe_subscription_id, request.args.get("after"))
    return render_template(
        "admin/subscriptions.html",
        page=page,
        emails=emails_of(page.rows),
        status=status,
        statuses=list(SubscriptionStatus),
    )


def orders() -> str:
    """The orders, newest first; mismatched ones stand out."""
    state = _one_of(OrderState, "state")
    query = sa.select(Order).where(current_scope().covers(Order))
    if state:
        query = query.where(Order.state == state)
    page = newest_first(query, Order.created_at, Order.id, request.args.get("after"))
    return render_template(
        "admin/orders.html", page=page, emails=emails_of(page.rows), state=state, states=list(OrderState)
    )


def audit() -> str:
    """Every change of a role: by which rule, on which object, and the event that caused it."""
    page = newest_first(sa.select(RoleChange), RoleChange.changed_at, RoleChange.id, request.args.get("after"))
    return render_template("admin/audit.html", page=page, emails=emails_of(page.rows))


def emails_of(rows: Sequence[Owned]) -> dict[uuid.UUID, str]:
    """The addresses of the users on a page, in one question."""
    ids = {row.user_id for row in rows if row.user_id}
    found = db.session.execute(sa.select(User.id, User.email).where(User.id.in_(ids)))
    return {row.id: row.email for row in found}


def _one_of(values: type[Choice], name: str) -> Choice | None:
    """The chosen value of a filter; anything unknown chooses nothing."""
    try:
        return values(request.args.get(name, ""))
    except ValueError:
        return None
