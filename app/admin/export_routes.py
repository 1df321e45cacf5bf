"""Lists as CSV: whole, in the order in which they came. Each download is written into the audit, and told of."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import abort
from flask_login import current_user
from werkzeug import Response

from app.audit import Act, ActKind, OperatorAct, recorded
from app.auth.models import User
from app.billing.gateway.account import StripeScope, current_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import RoleChange
from app.billing.models.subscription import Subscription
from app.database import begin_read, db, utcnow
from app.mail.alerts import tell_admins
from app.spreadsheet import csv_answer

BATCH = 1000
COLUMNS: dict[str, list[Any]] = {
    "users": [User.id, User.email, User.email_verified_at, User.role, User.plan_key, User.role_expires_at,
              User.is_admin, User.created_at],
    "subscriptions": [Subscription.stripe_subscription_id, Subscription.user_id, User.email, Subscription.plan_key,
                      Subscription.status, Subscription.amount, Subscription.currency, Subscription.interval,
                      Subscription.interval_count, Subscription.quantity, Subscription.current_period_end,
                      Subscription.cancel_at, Subscription.started_at, Subscription.ended_at],
    "orders": [Order.id, Order.user_id, User.email, Order.state, Order.plan_key, Order.interval, Order.seats,
               Order.amount, Order.currency, Order.note, Order.created_at, Order.fulfilled_at],
    "payments": [Payment.id, Payment.user_id, User.email, Payment.status, Payment.amount, Payment.currency,
                 Payment.amount_refunded, Payment.description, Payment.number, Payment.stripe_invoice_id,
                 Payment.stripe_payment_intent_id, Payment.created_at, Payment.paid_at],
    "audit": [RoleChange.id, RoleChange.user_id, User.email, RoleChange.role_before, RoleChange.role_after,
              RoleChange.rule, RoleChange.object_id, RoleChange.cause, RoleChange.changed_at],
    "acts": [OperatorAct.id, OperatorAct.at, OperatorAct.actor, OperatorAct.kind, OperatorAct.user_id,
             OperatorAct.subject, OperatorAct.reason, OperatorAct.error],
}  # fmt: skip
SCOPED: dict[str, type[Subscription | Order | Payment]] = {
    "subscriptions": Subscription,
    "orders": Order,
    "payments": Payment,
}


def export(name: str) -> Response:
    """Send a list. Amounts are in minor units, times in UTC."""
    if name not in COLUMNS:
        abort(404)
    scope, actor = current_scope(), current_user.email
    with recorded(Act(ActKind.EXPORT, actor, subject=name)):
        tell_admins(f"{actor} downloaded the list of {name}.", cause=f"export:{name}:{utcnow().isoformat()}")
    header = [f"{column.class_.__tablename__}.{column.key}" for column in COLUMNS[name]]
    return csv_answer(f"{name}.csv", header, _rows(name, scope))


def _rows(name: str, scope: StripeScope) -> Iterator[list[object]]:
    begin_read()
    columns = COLUMNS[name]
    model = columns[0].class_
    query = sa.select(*columns).order_by(*sa.inspect(model).primary_key)
    if User.email in columns and model is not User:
        query = query.outerjoin(User, User.id == model.user_id)
    if name in SCOPED:
        query = query.where(scope.covers(SCOPED[name]))
    for row in db.session.execute(query.execution_options(yield_per=BATCH)):
        yield [value.isoformat() if isinstance(value, datetime) else value for value in row]
