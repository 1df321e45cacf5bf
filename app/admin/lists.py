"""The lists: what each shows, what it is narrowed and sorted by, and which columns its file has."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from flask import request

from app.admin.filters import Column, DayRange, Sort, counted
from app.admin.paging import in_order
from app.audit import ActKind, OperatorAct
from app.auth.models import User
from app.billing.errors import StripeUnavailable
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.gateway.client import get_gateway
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeEvent
from app.billing.models.subscription import UNPAID, Subscription
from app.billing.payments.cards import users_of_card
from app.billing.statuses import EventOutcome, OrderState, PaymentStatus, SubscriptionStatus
from app.database import db

# What belongs to one account and mode of Stripe's.
SCOPED = (Subscription, Order, Payment)
Condition = sa.ColumnElement[bool]
# What a value in the address leaves in a list, within an account and mode; None for a value that says nothing.
Filter = Callable[[str, StripeScope], Condition | None]


class UserState(StrEnum):
    """What an operator looks for among users, beside their role and plan."""

    UNVERIFIED = "unverified"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    ADMIN = "admin"


@dataclass(frozen=True)
class List:
    """A list: the key and the columns of its file, and by which names in the address it is narrowed and sorted.

    Without any it is sorted by the first of `sorted_by`, falling, and that is what a range of days is about.
    """

    key: Column
    sorted_by: Mapping[str, tuple[Column, ...]]
    columns: Sequence[Column]
    filters: Mapping[str, Filter] = field(default_factory=dict)
    has_range: bool = True
    holds: Condition = field(default_factory=sa.true)

    @property
    def model(self) -> Any:
        return self.key.class_


def chosen_rows(listed: List, scope: StripeScope, *columns: Column) -> sa.Select[Any]:
    """The rows that the address asks for, or these columns of them; of one account and mode."""
    model = listed.model
    query = sa.select(*(columns or [model])).select_from(model).where(listed.holds)
    if User.email in columns and model is not User:
        query = query.outerjoin(User, User.id == model.user_id)
    if model in SCOPED:
        query = query.where(scope.covers(model))
    for name, narrow in listed.filters.items():
        value = request.args.get(name, "").strip()
        condition = narrow(value, scope) if value else None
        if condition is not None:
            query = query.where(condition)
    first = next(iter(listed.sorted_by.values()))[0]
    return DayRange.from_request().within(query, first) if listed.has_range else query


def sort_of(listed: List) -> Sort:
    """How the address asks for a list to be sorted."""
    return Sort.from_request(listed.sorted_by, f"-{next(iter(listed.sorted_by))}")


def asked_of(listed: List) -> dict[str, str]:
    """What the address asks for of a list, to be passed on to the following page and to its file."""
    names = [*listed.filters, *(["from", "to"] if listed.has_range else [])]
    return {name: request.args[name] for name in names if request.args.get(name)}


def scope_to_show() -> StripeScope:
    """The account and mode in use; one without a name where Stripe does not say, so that the page can tell of that."""
    try:
        return current_scope()
    except StripeUnavailable:
        return StripeScope("", get_gateway().livemode)


def list_page(name: str) -> dict[str, Any]:
    """What the page of a list shows: its rows, how many there are, whose they are, and what was asked for."""
    listed = LISTS[name]
    query, sort = chosen_rows(listed, scope_to_show()), sort_of(listed)
    page = in_order(query, (*sort.columns, listed.key), request.args.get("after"), is_ascending=sort.is_ascending)
    emails = emails_of(page.rows) if hasattr(listed.model, "user_id") else {}
    return {"page": page, "total": counted(query, page), "sort": sort, "emails": emails, "asked": asked_of(listed)}


def emails_of(rows: Sequence[Any]) -> dict[uuid.UUID, str]:
    """The addresses of the users on a page, in one question."""
    ids = {row.user_id for row in rows if row.user_id}
    found = db.session.execute(sa.select(User.id, User.email).where(User.id.in_(ids)))
    return {row.id: row.email for row in found}


def _was_replayed(act_id: str, _: StripeScope) -> Condition:
    """Whether an event was processed again by an operator's act on many."""
    act = db.session.get(OperatorAct, int(act_id)) if act_id.isdecimal() and len(act_id) < 10 else None
    return StripeEvent.id.in_(act.changes if act and act.kind == ActKind.REPLAY else ())


def _equals(column: Column, values: type[StrEnum] | None = None) -> Filter:
    """That the column has this value; where `values` are all that there are, another says nothing."""
    known = {value.value for value in values} if values else None
    return lambda value, _: column == value if known is None or value in known else None


def _is_in_state(value: str, scope: StripeScope) -> Condition | None:
    """Whether a user is in one of `UserState`."""
    if value == UserState.PAST_DUE:
        unpaid = sa.select(Subscription.user_id).where(sa.text(f"subscriptions.{UNPAID}"))
        return User.id.in_(unpaid.where(scope.covers(Subscription)))
    columns = {
        UserState.UNVERIFIED.value: User.email_verified_at.is_(None),
        UserState.SUSPENDED.value: User.suspended_at.is_not(None),
        UserState.ADMIN.value: User.is_admin.is_(True),
    }
    return columns.get(value)


LISTS = {
    "users": List(
        key=User.id,
        sorted_by={"created_at": (User.created_at,), "email": (User.email,), "last_seen_at": (User.last_seen_at,)},
        filters={
            "q": lambda text, _: User.email.contains(text.lower(), autoescape=True),
            "card": lambda digest, scope: User.id.in_(users_of_card(digest, scope)),
            "role": _equals(User.role),
            "plan": _equals(User.plan_key),
            "state": _is_in_state,
        },
        has_range=False,
        columns=[User.id, User.email, User.email_verified_at, User.role, User.plan_key, User.role_expires_at,
                 User.is_admin, User.suspended_at, User.created_at, User.last_seen_at],
    ),
    "subscriptions": List(
        key=Subscription.stripe_subscription_id,
        sorted_by={"started_at": (Subscription.started_at,)},
        filters={"status": _equals(Subscription.status, SubscriptionStatus)},
        has_range=False,
        holds=Subscription.started_at.is_not(None),
        columns=[Subscription.stripe_subscription_id, Subscription.user_id, User.email, Subscription.plan_key,
                 Subscription.status, Subscription.amount, Subscription.currency, Subscription.interval,
                 Subscription.interval_count, Subscription.quantity, Subscription.current_period_end,
                 Subscription.cancel_at, Subscription.started_at, Subscription.ended_at],
    ),
    "orders": List(
        key=Order.id,
        sorted_by={"created_at": (Order.created_at,)},
        filters={"state": _equals(Order.state, OrderState)},
        columns=[Order.id, Order.user_id, User.email, Order.state, Order.plan_key, Order.interval, Order.seats,
                 Order.amount, Order.currency, Order.note, Order.created_at, Order.fulfilled_at],
    ),
    "payments": List(
        key=Payment.id,
        # Ten dollars and a thousand yen are not compared: each currency stands by itself.
        sorted_by={"created_at": (Payment.created_at,), "amount": (Payment.currency, Payment.amount)},
        filters={"status": _equals(Payment.status, PaymentStatus)},
        columns=[Payment.id, Payment.user_id, User.email, Payment.status, Payment.amount, Payment.currency,
                 Payment.amount_refunded, Payment.description, Payment.number, Payment.stripe_invoice_id,
                 Payment.stripe_payment_intent_id, Payment.created_at, Payment.paid_at],
    ),
    "events": List(
        key=StripeEvent.id,
        sorted_by={"received_at": (StripeEvent.received_at,)},
        filters={
            "outcome": _equals(StripeEvent.outcome, EventOutcome),
            "type": _equals(StripeEvent.type),
            "replayed": _was_replayed,
        },
        columns=[StripeEvent.id, StripeEvent.type, StripeEvent.outcome, StripeEvent.tries, StripeEvent.error,
                 StripeEvent.object_id, StripeEvent.created_at, StripeEvent.received_at],
    ),
    "audit": List(
        key=RoleChange.id,
        sorted_by={"changed_at": (RoleChange.changed_at,)},
        columns=[RoleChange.id, RoleChange.user_id, User.email, RoleChange.role_before, RoleChange.role_after,
                 RoleChange.rule, RoleChange.object_id, RoleChange.cause, RoleChange.changed_at],
    ),
    "acts": List(
        key=OperatorAct.id,
        sorted_by={"at": (OperatorAct.at,)},
        columns=[OperatorAct.id, OperatorAct.at, OperatorAct.actor, OperatorAct.kind, OperatorAct.user_id,
                 OperatorAct.subject, OperatorAct.changes, OperatorAct.reason, OperatorAct.error],
    ),
}  # fmt: skip
