"""Closing an account for good."""

import sqlalchemy as sa

from app.account.standing import current_subscription
from app.auth.models import User
from app.database import db
from app.outbox import OutboxMail, queue_mail


class LastAdmin(Exception):
    """Nobody would be left to look after the site."""


def what_goes(user: User) -> list[str]:
    """Say what is deleted, one line each."""
    subscription = current_subscription(user)
    items = [f"Your account, {user.email}", "Everything you keep here", "The record of where you logged in"]
    if subscription and not subscription.has_ended:
        items.insert(1, f"Your {subscription.plan_name} subscription: it is cancelled at once, with no refund")
    return items


def delete_account(user: User) -> None:
    """Cancel at Stripe, then delete the user and all that hangs on them, and commit.

    Raises `StripeUnavailable` or `LastAdmin`, and then nothing is deleted.
    """
    from app.billing.cancellation import cancel_subscriptions

    _keep_an_admin(user)
    user_id, email = user.id, user.email
    # No lock waits for Stripe.
    db.session.commit()
    cancel_subscriptions(user)
    _keep_an_admin(user)
    db.session.execute(sa.delete(OutboxMail).where(OutboxMail.user_id == user_id))
    queue_mail("account_deleted", to=email, cause=f"account_deleted:{user_id}")
    # The database's own rules take the rest: sessions and history go, payments stay without a name.
    db.session.execute(sa.delete(User).where(User.id == user_id))
    db.session.commit()


def _keep_an_admin(user: User) -> None:
    if user.is_admin:
        admins = db.session.scalars(sa.select(User.id).where(User.is_admin).with_for_update()).all()
        if list(admins) == [user.id]:
            db.session.rollback()
            raise LastAdmin
