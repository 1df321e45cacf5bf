"""The free trial of a person's first subscription, which deleting the account does not give again."""

import uuid

import sqlalchemy as sa

from app.auth.models import User
from app.billing.gateway.account import StripeScope
from app.billing.models.subscription import Subscription
from app.billing.models.used import PastTrial, UsedCard
from app.database import db, insert
from app.keys import digests_of

PURPOSE = "past trials"


def has_used_trial(user_id: uuid.UUID, scope: StripeScope) -> bool:
    """Whether this user has or had a subscription in this account and mode, or their address a trial before."""
    return has_subscribed(user_id, scope) or _had_trial(user_id, scope)


def has_subscribed(user_id: uuid.UUID, scope: StripeScope) -> bool:
    """Whether this user has or had a subscription in this account and mode."""
    query = sa.select(Subscription.stripe_subscription_id).where(
        Subscription.user_id == user_id, scope.covers(Subscription)
    )
    return db.session.scalar(query.limit(1)) is not None


def remember_trial(email: str, scope: StripeScope) -> None:
    """Keep that this address has had its trial."""
    row = {
        "address_digest": digests_of(PURPOSE, email)[0],
        "stripe_account": scope.stripe_account,
        "livemode": scope.livemode,
    }
    db.session.execute(insert(PastTrial).values(**row).on_conflict_do_nothing())


def remember_trials_of(user: User) -> None:
    """Keep that the address of a user, who is about to be deleted, has had its trial, wherever there was one.

    The digests of the cards stay there too, without a name; elsewhere they go.
    """
    had_trial = (Subscription.user_id == user.id, Subscription.trial_end.is_not(None))
    where = sa.select(Subscription.stripe_account, Subscription.livemode).where(*had_trial).distinct()
    for stripe_account, livemode in db.session.execute(where).all():
        remember_trial(user.email, StripeScope(stripe_account, livemode))
    was_tried = sa.exists().where(
        *had_trial, Subscription.stripe_account == UsedCard.stripe_account, Subscription.livemode == UsedCard.livemode
    )
    db.session.execute(sa.delete(UsedCard).where(UsedCard.user_id == user.id, ~was_tried))


def _had_trial(user_id: uuid.UUID, scope: StripeScope) -> bool:
    email = db.session.scalar(sa.select(User.email).where(User.id == user_id))
    if email is None:
        return False
    query = sa.select(PastTrial.address_digest).where(
        PastTrial.address_digest.in_(digests_of(PURPOSE, email)), scope.covers(PastTrial)
    )
    return db.session.scalar(query.limit(1)) is not None
