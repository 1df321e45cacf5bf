"""The rail's counts, and the search that takes an e-mail or any id of Stripe's."""

import re
import uuid
from typing import Any

import sqlalchemy as sa
from flask import redirect, request, url_for
from werkzeug import Response

from app.admin.filters import counted
from app.auth.models import User
from app.billing.gateway.account import known_scope
from app.billing.gateway.client import get_gateway
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeCustomer, StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.webhooks import log as event_log
from app.database import db, parse_uuid

# As Stripe numbers invoices: A6AE5165-0001.
RECEIPT = re.compile(r"[A-Z0-9]+-[0-9]{4,}")
# Which column knows an id by how it begins; the row's `user_id` says whose page to show.
OWNERS = {
    "cus_": StripeCustomer.stripe_customer_id,
    "sub_": Subscription.stripe_subscription_id,
    "in_": Payment.stripe_invoice_id,
    "pi_": Payment.stripe_payment_intent_id,
    "dp_": Payment.stripe_dispute_id,
    "du_": Payment.stripe_dispute_id,
    "cs_": Order.stripe_checkout_session_id,
}


def find() -> Response:
    """Go to what was asked for: whose address or id it is, or an event, the last one that tells of any other id.

    An id is Stripe's, or ours of a user or an order; a receipt's number counts as one. Else the users whose e-mail has
    these letters are listed.
    """
    asked = request.args.get("q", "").strip()
    if user_id := _owner(asked):
        return redirect(url_for("admin.user", user_id=user_id))
    last = sa.select(StripeEvent.id).where(sa.or_(StripeEvent.id == asked, StripeEvent.object_id == asked))
    if asked and (event_id := db.session.scalar(last.order_by(StripeEvent.received_at.desc()).limit(1))):
        return redirect(url_for("admin.event", event_id=event_id))
    return redirect(url_for("admin.users", q=asked))


def _owner(asked: str) -> uuid.UUID | None:
    """Whose this is; None where we do not know, or their account is gone."""
    query: sa.Select[Any] | sa.CompoundSelect[Any]
    if id := parse_uuid(asked):
        query = sa.union(sa.select(User.id).where(User.id == id), sa.select(Order.user_id).where(Order.id == id))
    elif column := next((column for start, column in OWNERS.items() if asked.startswith(start)), None):
        query = sa.select(column.class_.user_id).where(column == asked)
    elif RECEIPT.fullmatch(asked):
        query = sa.select(Payment.user_id).where(Payment.number == asked)
    else:
        query = sa.select(User.id).where(User.email == asked.lower())
    found: uuid.UUID | None = db.session.scalar(query)
    return found


def rail_counts() -> dict[str, str]:
    """How many users and running subscriptions there are, events that failed, and the mode; nothing where none is."""
    scope = known_scope()
    running = sa.select(Subscription.user_id).where(Subscription.ended_at.is_(None))
    failed = event_log.count_failed()
    return {
        "users": counted(sa.select(User.id)),
        "subscriptions": counted(running.where(scope.covers(Subscription))) if scope else "",
        "failed_events": f"{failed:,}" if failed else "",
        "mode": "Live" if get_gateway().livemode else "Test",
    }
