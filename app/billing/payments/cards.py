"""The card on file, as the account page shows it, and cards that pay for more than one account.

Events only make what is kept of it out of date, so their order does not matter; Stripe is asked when somebody looks.
Of a card's fingerprint we keep a digest alone.
"""

import logging
import uuid
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.auth.models import User
from app.billing.errors import BillingError, StripeObjectMissing
from app.billing.gateway.account import StripeScope
from app.billing.gateway.card_objects import PayingCustomer, PaymentMethodObject
from app.billing.gateway.read import retrieve
from app.billing.models.stripe import StripeCustomer
from app.billing.models.used import UsedCard
from app.billing.subscriptions.lookup import live_subscription
from app.database import allowed_to_write, db, insert, may_write, utcnow
from app.keys import digests_of
from app.mail.alerts import end_alert, raise_alert

logger = logging.getLogger(__name__)
VALID_FOR, ASK_AGAIN_AFTER = timedelta(days=1), timedelta(minutes=5)
EXPANDED = ["invoice_settings.default_payment_method", "subscriptions.data.default_payment_method"]
PURPOSE = "cards"


def card_on_file(user: User, scope: StripeScope, *, again: bool) -> StripeCustomer | None:
    """The row that tells what the user pays with; None before there is a customer.

    Asks Stripe if that is not known, or `again`, and commits then. While Stripe is away it is what was known last.
    """
    query = sa.select(StripeCustomer).where(StripeCustomer.user_id == user.id, scope.covers(StripeCustomer))
    row: StripeCustomer | None = db.session.scalar(query)
    if row is None or (row.card_is_known and not again) or not may_write():
        return row
    customer, version = row.stripe_customer_id, row.card_valid_until
    subscription = live_subscription(user, scope)
    subscription_id = subscription.stripe_subscription_id if subscription else None
    with allowed_to_write():
        db.session.commit()
        method, values = _ask_card(customer, subscription_id, scope)
        _write(customer, version, values)
        if method and method.details.fingerprint:
            note_card(user.id, method.details.fingerprint, scope)
        db.session.commit()
    return row


def ask_card_of(customer: str, subscription_id: str, scope: StripeScope) -> tuple[str, str | None] | None:
    """The brand and the last digits of what pays for a subscription, for a mail; None while Stripe is away."""
    method, _ = _ask_card(customer, subscription_id, scope)
    return (method.brand, method.details.last4) if method else None


def forget_card(customer: str | None, payment_method: str | None, scope: StripeScope) -> bool:
    """Have the card of this customer, or of whoever pays with this, asked for again; whether that is one of ours."""
    is_meant = sa.or_(
        StripeCustomer.stripe_customer_id == customer, StripeCustomer.stripe_payment_method_id == payment_method
    )
    # A moment that is past, and another each time: an answer that was asked for before is not written then.
    forget = sa.update(StripeCustomer).where(is_meant, scope.covers(StripeCustomer)).values(card_valid_until=utcnow())
    return bool(db.session.execute(forget).rowcount)  # type: ignore[attr-defined]


def note_card(user_id: uuid.UUID, fingerprint: str, scope: StripeScope) -> None:
    """Keep that this account pays with a card; the operator is shown one that another account has paid with."""
    digests = digests_of(PURPOSE, fingerprint)
    of_card = (UsedCard.card_digest.in_(digests), scope.covers(UsedCard))
    digest = db.session.scalar(sa.select(UsedCard.card_digest).where(*of_card).limit(1)) or digests[0]
    row = {
        "card_digest": digest,
        "user_id": user_id,
        "stripe_account": scope.stripe_account,
        "livemode": scope.livemode,
    }
    new = insert(UsedCard).values(**row).on_conflict_do_nothing().returning(UsedCard.id)
    is_new = db.session.scalar(new) is not None
    accounts = db.session.scalar(sa.select(sa.func.count()).select_from(UsedCard).where(*of_card)) or 0
    if is_new and accounts > 1:
        raise_alert(f"{shared_card(scope)}{digest}", f"One card has paid for {accounts} accounts.")


def shared_card(scope: StripeScope) -> str:
    """What the causes of alerts begin with that are about a card which several accounts have paid with."""
    return f"shared_card:{scope.name}:"


def users_of_card(digest: str, scope: StripeScope) -> sa.Select[Any]:
    """The ids of the users who have paid with this card."""
    return sa.select(UsedCard.user_id).where(UsedCard.card_digest == digest, scope.covers(UsedCard))


def accept_shared_card(digest: str, scope: StripeScope) -> None:
    """Show it no more, until yet another account pays with it. Commits."""
    end_alert(f"{shared_card(scope)}{digest}")
    db.session.commit()


def _ask_card(
    customer: str, subscription_id: str | None, scope: StripeScope
) -> tuple[PaymentMethodObject | None, dict[str, Any]]:
    """What Stripe charges, and the columns that tell it; only when to ask again, while Stripe is away."""
    try:
        method = retrieve(PayingCustomer, customer, scope, expand=EXPANDED).pays_with(subscription_id)
    except StripeObjectMissing:
        method = None
    except BillingError as error:
        logger.warning("The card of %s could not be asked: %s", customer, error)
        return None, {"card_valid_until": utcnow() + ASK_AGAIN_AFTER}
    details = method.details if method else None
    return method, {
        "stripe_payment_method_id": method.id if method else None,
        "card_brand": method.brand if method else None,
        "card_last4": details.last4 if details else None,
        "card_exp_month": details.exp_month if details else None,
        "card_exp_year": details.exp_year if details else None,
        "card_valid_until": utcnow() + VALID_FOR,
    }


def _write(customer: str, version: Any, values: dict[str, Any]) -> None:
    """Keep the answer, unless an event has told of a change meanwhile."""
    is_same = StripeCustomer.card_valid_until.is_not_distinct_from(version)
    update = sa.update(StripeCustomer).where(StripeCustomer.stripe_customer_id == customer, is_same)
    db.session.execute(update.values(**values))
