"""The rows that a figure is made of, as a file."""

from collections.abc import Iterator

import sqlalchemy as sa
from flask import request
from werkzeug import Response

from app.admin.figure_routes import OF_PAYMENTS, Asked, asked_for, query_of
from app.admin.lists import LISTS
from app.admin.record_routes import note_download, written
from app.auth.models import User
from app.billing.models.payments import Payment
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.billing.movements import movements_of
from app.database import db
from app.spreadsheet import csv_answer

MOVED = ["users.id", "users.email", "stripe_customer_id", "kind", "before", "after", "difference", "currency"]


def export_figure(name: str) -> Response:
    """Send all rows of a figure, newest first; amounts in minor units, times in UTC. It is written down and told."""
    asked, words = asked_for(), {key: value for key, value in request.args.items() if key != "after"}
    if name == "movements":
        note_download("movements of recurring revenue", words)
        return csv_answer("movements.csv", MOVED, _movements(asked))
    listed = LISTS["payments" if name in OF_PAYMENTS else "subscriptions"]
    newest = Payment.created_at if name in OF_PAYMENTS else Subscription.started_at
    query = query_of(name, asked).with_only_columns(*listed.columns, maintain_column_froms=True)
    query = query.outerjoin(User, User.id == listed.model.user_id).order_by(newest.desc(), listed.key.desc())
    note_download(f"figure {name}", words)
    header = [f"{column.class_.__tablename__}.{column.key}" for column in listed.columns]
    return csv_answer(f"{name}.csv", header, written(query))


def _movements(asked: Asked) -> Iterator[list[object]]:
    """What each customer's month moved, the largest difference first."""
    owners = sa.select(StripeCustomer.stripe_customer_id, User.id, User.email).join(
        User, User.id == StripeCustomer.user_id
    )
    found = {row.stripe_customer_id: row for row in db.session.execute(owners)}
    for row in movements_of(asked.scope, asked.month, asked.currency, request.args.get("kind", "")):
        owner = found.get(row.stripe_customer_id)
        whose = [owner.id, owner.email] if owner else ["", ""]
        yield [*whose, row.stripe_customer_id, row.kind, row.before, row.after, row.difference, asked.currency]
