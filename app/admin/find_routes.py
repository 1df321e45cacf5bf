"""The rail's counts, and the search that takes an e-mail or any id of Stripe's."""

import sqlalchemy as sa
from flask import redirect, request, url_for
from werkzeug import Response

from app.admin.filters import counted
from app.auth.models import User
from app.billing.gateway.account import known_scope
from app.billing.models.payments import Order, Payment
from app.billing.models.stripe import StripeCustomer, StripeEvent
from app.billing.models.subscription import Subscription
from app.billing.webhooks import log as event_log
from app.database import db

# Which column knows an id by how it begins; the row's `user_id` says whose page to show.
OWNERS = {
    "cus_": StripeCustomer.stripe_customer_id,
    "sub_": Subscription.stripe_subscription_id,
    "in_": Payment.stripe_invoice_id,
    "pi_": Payment.stripe_payment_intent_id,
    "cs_": Order.stripe_checkout_session_id,
}


def find() -> Response:
    """Go to what was asked for: an event, the user an id belongs to, or the users whose e-mail has these letters."""
    asked = request.args.get("q", "").strip()
    if asked.startswith("evt_") and db.session.get(StripeEvent, asked):
        return redirect(url_for("admin.event", event_id=asked))
    column = next((column for start, column in OWNERS.items() if asked.startswith(start)), None)
    if column is not None:
        user_id = db.session.scalar(sa.select(column.class_.user_id).where(column == asked))
    else:
        user_id = db.session.scalar(sa.select(User.id).where(User.email == asked.lower()))
    return redirect(url_for("admin.user", user_id=user_id) if user_id else url_for("admin.users", q=asked))


def rail_counts() -> dict[str, str]:
    """How many users and running subscriptions there are, and events that failed, in words; nothing where none is."""
    scope = known_scope()
    running = sa.select(Subscription.user_id).where(Subscription.ended_at.is_(None))
    failed = event_log.count_failed()
    return {
        "users": counted(sa.select(User.id)),
        "subscriptions": counted(running.where(scope.covers(Subscription))) if scope else "",
        "failed_events": f"{failed:,}" if failed else "",
    }
