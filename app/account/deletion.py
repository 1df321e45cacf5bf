"""Closing an account for good."""

import sqlalchemy as sa

from app.account.page import current_subscription
from app.account.remains import keep_what_stays
from app.auth.models import User
from app.billing.cancellation import cancel_subscriptions, erase_customer, has_customer
from app.billing.customers import lock_user
from app.billing.errors import StripeUnavailable
from app.billing.gateway.account import known_scope
from app.billing.payments.orders import pending_orders
from app.billing.payments.trials import remember_trials_of
from app.billing.subscriptions.lookup import live_subscription
from app.database import db
from app.languages import current_language, speaking
from app.languages import gettext as _
from app.mail.outbox import OutboxMail, queue_mail

# A purchase that another tab begins while the first round asks Stripe is ended by the second.
ROUNDS = 3


class LastAdmin(Exception):
    """Nobody would be left to look after the site."""


def deletion_summary(user: User) -> list[str]:
    """Say what is deleted, one line each."""
    subscription = current_subscription(user)
    items = [
        _("Your account, %(email)s", email=user.email),
        _("Everything you keep here"),
        _("The record of where you logged in"),
    ]
    if has_customer(user):
        items.append(_("Your customer record at Stripe, with the address and the cards on it"))
    if subscription and not subscription.has_ended:
        name = _(subscription.plan_name) if subscription.plan_name else _("paid")
        line = _("Your %(plan_name)s subscription: it is cancelled at once, with no refund", plan_name=name)
        items.insert(1, line)
    return items


def delete_account(user: User) -> None:
    """Cancel and erase at Stripe, then delete the user and all that hangs on them, in the caller's transaction.

    Raises `StripeUnavailable` or `LastAdmin`, and then nothing is deleted.
    """
    _keep_an_admin(user)
    # No lock waits for Stripe.
    db.session.commit()
    for _round in range(ROUNDS):
        cancel_subscriptions(user)
        erase_customer(user)
        lock_user(user.id)
        if not _may_still_pay(user):
            _keep_an_admin(user)
            remember_trials_of(user)
            keep_what_stays(user)
            _delete(user)
            return
        # Another tab began to buy meanwhile.
        db.session.commit()
    raise StripeUnavailable("A purchase is going on while its account is to be deleted.")


def _may_still_pay(user: User) -> bool:
    scope = known_scope()
    return scope is not None and bool(pending_orders(user.id, scope) or live_subscription(user, scope))


def _delete(user: User) -> None:
    db.session.execute(sa.delete(OutboxMail).where(OutboxMail.user_id == user.id))
    with speaking(user.language or current_language()):
        queue_mail("account_deleted", to=user.email, cause=f"account_deleted:{user.id}")
    # The database's own rules take the rest: sessions and history go, payments stay without a name.
    db.session.execute(sa.delete(User).where(User.id == user.id))


def _keep_an_admin(user: User) -> None:
    if user.is_admin:
        admins = db.session.scalars(sa.select(User.id).where(User.is_admin).with_for_update()).all()
        if list(admins) == [user.id]:
            db.session.rollback()
            raise LastAdmin
