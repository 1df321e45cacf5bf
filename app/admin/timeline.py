"""All that happened to somebody, from every table that tells of it, newest first and page by page."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from app.admin.paging import PAGE_SIZE, SEPARATOR, Page
from app.audit import OperatorAct
from app.auth.models import SecurityEvent, User
from app.auth.security_log import describe
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import RoleChange
from app.billing.models.stripe import StripeCustomer, StripeEvent
from app.billing.models.subscription import Subscription
from app.database import db
from app.mail.outbox import OutboxMail
from app.templating import moment, money, plan_name, role_name
from app.words import bought

# Enough of somebody's objects to find the events about them.
MOST_OBJECTS = 300
# The fields that say what became of something, in the order in which they are told.
TOLD = (
    *("role", "state", "status", "plan_key", "quantity", "cancel_at", "cancel_at_period_end"),
    *("amount_refunded", "dispute_status", "current_period_end", "unpaid_since"),
)


@dataclass(frozen=True)
class Entry:
    """Something that happened: what kind of thing, what in words, what it changed, and the objects it is about."""

    at: datetime
    kind: str
    text: str
    effect: str = ""
    tone: str = "plain"
    objects: list[str] = field(default_factory=list)
    event_id: str | None = None
    payment: Payment | None = None


# Where an entry stands: when it happened, in which of the tables, and its key there; a cursor has the key as text.
Place = tuple[datetime, int, Any]
Start = tuple[datetime, int, str]


@dataclass(frozen=True)
class Source:
    """A table with rows of this user's; `at` and `key` order them."""

    query: sa.Select[Any]
    at: InstrumentedAttribute[Any]
    key: InstrumentedAttribute[Any]
    tell: Callable[[Any], Entry]


def timeline_of(user: User, scope: StripeScope | None, after: str | None, app_name: str) -> Page[Entry]:
    """A page of what happened to this user, starting after what `after` names."""
    start = _read_cursor(after)
    places: list[tuple[Place, Entry]] = []
    for rank, source in enumerate(_sources(user, scope, app_name)):
        places += _rows(source, rank, start)
    places.sort(key=itemgetter(0), reverse=True)
    shown = places[:PAGE_SIZE]
    return Page([entry for _, entry in shown], _write_cursor(shown[-1][0]) if len(places) > PAGE_SIZE else None)


def _rows(source: Source, rank: int, start: Start | None) -> list[tuple[Place, Entry]]:
    """This table's rows after `start`, newest first; at one moment the last of the tables comes first."""
    query = source.query
    if start and rank == start[1]:
        key = source.key.type.python_type(start[2])
        query = query.where(sa.tuple_(source.at, source.key) < sa.tuple_(start[0], key))
    elif start:
        query = query.where(source.at <= start[0] if rank < start[1] else source.at < start[0])
    newest = query.order_by(source.at.desc(), source.key.desc()).limit(PAGE_SIZE + 1)
    return [
        ((getattr(row, source.at.key), rank, getattr(row, source.key.key)), source.tell(row))
        for row in db.session.scalars(newest)
    ]


def _write_cursor(place: Place) -> str:
    at, rank, key = place
    return SEPARATOR.join([at.isoformat(), str(rank), str(key)])


def _read_cursor(after: str | None) -> Start | None:
    """What a page starts after; a cursor that was tampered with starts at the newest."""
    try:
        at, rank, key = (after or "").split(SEPARATOR)
        start = datetime.fromisoformat(at), int(rank), key
        return start if start[0].tzinfo and _is_key(start[1], key) else None
    except ValueError:
        return None


def _is_key(rank: int, key: str) -> bool:
    """Whether this table has such keys; raise `ValueError` where it has not."""
    if not 0 <= rank < len(KEYS):
        return False
    KEYS[rank].type.python_type(key)
    return True


def _sources(user: User, scope: StripeScope | None, app_name: str) -> list[Source]:
    payments = _of(Payment, user).where(scope.covers(Payment) if scope else sa.false())
    orders = _of(Order, user).where(scope.covers(Order) if scope else sa.false())
    events = sa.select(StripeEvent).where(StripeEvent.object_id.in_(_object_ids(user.id)))
    return [
        Source(_of(SecurityEvent, user), SecurityEvent.at, SecurityEvent.id, _tell_security),
        Source(_of(OutboxMail, user), OutboxMail.created_at, OutboxMail.id, _tell_mail),
        Source(orders, Order.created_at, Order.id, _tell_order),
        Source(payments, Payment.created_at, Payment.id, lambda row: _tell_payment(row, app_name)),
        Source(events, StripeEvent.received_at, StripeEvent.id, _tell_event),
        Source(_of(RoleChange, user), RoleChange.changed_at, RoleChange.id, _tell_role),
        Source(_of(OperatorAct, user), OperatorAct.at, OperatorAct.id, _tell_act),
    ]


# Of the sources above, in their order.
KEYS = [SecurityEvent.id, OutboxMail.id, Order.id, Payment.id, StripeEvent.id, RoleChange.id, OperatorAct.id]


def _of(model: Any, user: User) -> sa.Select[Any]:
    return sa.select(model).where(model.user_id == user.id)


def _object_ids(user_id: uuid.UUID) -> set[str]:
    """What events can be about: the user's customers, subscriptions, payments and orders."""
    columns = (
        (StripeCustomer.stripe_customer_id, StripeCustomer.created_at),
        (Subscription.stripe_subscription_id, Subscription.started_at),
        (Payment.stripe_invoice_id, Payment.created_at),
        (Payment.stripe_payment_intent_id, Payment.created_at),
        (Order.stripe_checkout_session_id, Order.created_at),
        (Order.stripe_payment_intent_id, Order.created_at),
    )
    newest = (
        sa.select(column).where(column.class_.user_id == user_id, column.is_not(None)).order_by(at.desc())
        for column, at in columns
    )
    found = (db.session.scalars(query.limit(MOST_OBJECTS)) for query in newest)
    return {str(object_id) for object_id in chain.from_iterable(found)}


def _tell_act(row: OperatorAct) -> Entry:
    done = f"{row.kind.replace('_', ' ').capitalize()} by {row.actor}"
    effect = f"Not done. {row.error}" if row.error else row.reason
    return Entry(row.at, "Act", done, effect, "danger" if row.error else "plain", _ids(row.subject))


def _tell_role(row: RoleChange) -> Entry:
    event_id = row.cause if row.cause.startswith("evt_") else None
    effect = "" if event_id else row.cause
    before, after = role_name(row.role_before), role_name(row.role_after)
    text = f"{after if before == after else f'{before} to {after}'}: {row.rule}"
    return Entry(row.changed_at, "Access", text, effect, "accent", _ids(row.object_id), event_id)


def _tell_payment(row: Payment, app_name: str) -> Entry:
    text = f"{money(row.amount, row.currency)}: {bought(row.description, app_name)}"
    objects = _ids(row.stripe_invoice_id or row.stripe_payment_intent_id)
    return Entry(row.created_at, "Payment", text, objects=objects, payment=row)


def _tell_order(row: Order) -> Entry:
    often = f" by the {row.interval}" if row.interval else ""
    text = f"{plan_name(row.plan_key)}{often} for {money(row.amount, row.currency)}: {row.state}"
    tone = "danger" if row.state in ("mismatched", "disputed") else "plain"
    return Entry(row.created_at, "Order", text, row.note or "", tone, _ids(row.stripe_checkout_session_id))


def _tell_event(row: StripeEvent) -> Entry:
    effect = row.error if row.outcome == "failed" and row.error else _changed(row)
    tone = "danger" if row.outcome == "failed" else "plain"
    return Entry(row.received_at, "Event", row.type, effect, tone, _ids(row.object_id), row.id)


def _tell_mail(row: OutboxMail) -> Entry:
    became = "sent" if row.sent_at else "refused" if row.refused_at else "waits to be sent"
    text = f"{row.template.replace('_', ' ').capitalize()}: {became}"
    return Entry(row.created_at, "Mail", text, row.error or "", "danger" if row.refused_at else "plain")


def _tell_security(row: SecurityEvent) -> Entry:
    return Entry(row.at, "Sign-in", describe(row.kind), ", ".join(filter(None, [row.device, row.network])))


def _changed(row: StripeEvent) -> str:
    """What an event changed, as far as one line tells it: its page tells all."""
    changes = (row.changes or {}).values()
    changed = [(name, one["before"].get(name), value) for one in changes for name, value in one["after"].items()]
    told = [
        f"{name.removesuffix('_key').replace('_', ' ')} {_value(before)} → {_value(after)}"
        for name, before, after in _in_order(changed)
        if before != after
    ]
    return "; ".join(told) or ("Changed what its page tells" if changed else "")


def _in_order(changed: list[tuple[str, object, object]]) -> list[tuple[str, object, object]]:
    return sorted((one for one in changed if one[0] in TOLD), key=lambda one: TOLD.index(one[0]))


def _value(value: object) -> str:
    """A value of a change in words; times as tables have them."""
    try:
        return moment(datetime.fromisoformat(value)) if isinstance(value, str) else _plain(value)
    except ValueError:
        return str(value).replace("_", " ") or "nothing"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    else:
        return "nothing" if value is None else str(value)


def _ids(object_id: str | None) -> list[str]:
    return [object_id] if object_id else []
