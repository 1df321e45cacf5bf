"""Subscriptions, orders, the audit of roles and what operators did: lists to read, and any list as a file."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import abort, render_template
from flask_login import current_user
from werkzeug import Response

from app.admin.lists import LISTS, asked_of, chosen_rows, list_page, sort_of
from app.audit import Act, ActKind, recorded
from app.billing.gateway.account import current_scope
from app.billing.statuses import OrderState, SubscriptionStatus
from app.database import begin_read, db, utcnow
from app.mail.alerts import tell_admins
from app.spreadsheet import csv_answer

BATCH = 1000


def subscriptions() -> str:
    """The mirrored subscriptions, newest first."""
    return render_template("admin/subscriptions.html", **list_page("subscriptions"), statuses=list(SubscriptionStatus))


def orders() -> str:
    """The orders, by when they were made; mismatched ones stand out."""
    return render_template("admin/orders.html", **list_page("orders"), states=list(OrderState))


def audit() -> str:
    """Every change of a role: by which rule, on which object, and the event that caused it."""
    return render_template("admin/audit.html", **list_page("audit"))


def acts() -> str:
    """What operators did, newest first."""
    return render_template("admin/acts.html", **list_page("acts"))


def export(name: str) -> Response:
    """Send the rows that a list shows, all of them, in its order; amounts in minor units, times in UTC.

    Each download is written into the audit, and all admins are told of it.
    """
    listed = LISTS.get(name) or abort(404)
    # Whom somebody looked for by a part of their address is not kept.
    note_download(name, {key: value for key, value in asked_of(listed).items() if key != "q"})
    sort = sort_of(listed)
    order = [column.asc() if sort.is_ascending else column.desc() for column in (*sort.columns, listed.key)]
    query = chosen_rows(listed, current_scope(), *listed.columns).order_by(*order)
    header = [f"{column.class_.__tablename__}.{column.key}" for column in listed.columns]
    return csv_answer(f"{name}.csv", header, written(query))


def note_download(name: str, asked: dict[str, str]) -> None:
    """Write down who takes which rows away, and tell all admins."""
    actor = current_user.email
    with recorded(Act(ActKind.EXPORT, actor, subject=name, changes={"asked": asked} if asked else {})):
        tell_admins(f"{actor} downloaded the list of {name}.", cause=f"export:{name}:{utcnow().isoformat()}")


def written(query: sa.Select[Any]) -> Iterator[list[object]]:
    """The rows as a file has them, some at a time."""
    begin_read()
    for row in db.session.execute(query.execution_options(yield_per=BATCH)):
        yield [value.isoformat() if isinstance(value, datetime) else value for value in row]
