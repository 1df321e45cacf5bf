"""Payments that bought nothing: a second one for the same order, or one that came after its account was gone."""

import sqlalchemy as sa

from app.billing.accounts import Home
from app.billing.models import Payment, Subscription
from app.billing.statuses import PaymentStatus
from app.database import db

IS_STANDING = sa.and_(Payment.status == PaymentStatus.PAID.value, Payment.amount_refunded < Payment.amount)
# The orders that more than one payment stands for, and the first of each: what the order rests on. Few, so both are
# looked up, and never compared with every payment there is.
OF_ONE_ORDER = sa.and_(IS_STANDING, Payment.order_id.is_not(None))
PAID_TWICE = sa.select(Payment.order_id).where(OF_ONE_ORDER).group_by(Payment.order_id).having(sa.func.count() > 1)
FIRSTS = PAID_TWICE.with_only_columns(sa.func.min(Payment.id))
# The account's subscriptions ended when it was deleted.
CAME_LATE = sa.exists().where(
    Subscription.stripe_subscription_id == Payment.stripe_subscription_id, Subscription.ended_at < Payment.paid_at
)


def unearned_payments(home: Home) -> sa.Select[Payment]:
    """The payments to be given back. A full refund takes one off this list; an order's own is shown with its order."""
    paid_again = sa.and_(Payment.order_id.in_(PAID_TWICE), Payment.id.not_in(FIRSTS))
    for_nobody = sa.and_(Payment.user_id.is_(None), CAME_LATE)
    return sa.select(Payment).where(
        home.owns(Payment),
        IS_STANDING,
        sa.or_(paid_again, for_nobody),
    )


def count_unearned(home: Home) -> int:
    """How many payments wait to be given back."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(unearned_payments(home).subquery())) or 0
