"""What is kept and what is forgotten when an account is closed."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from app.account.models import DeletedAccount
from app.auth.models import User
from app.auth.security_log import origin
from app.billing.models.payments import Order
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.billing.webhooks.log import empty_payloads_about
from app.database import db
from app.keys import digests_of

PURPOSE = "deleted account"
CUSTOMER_OF = (StripeCustomer, Order, Subscription)
# Stripe brings an event for three days; whatever comes later about a customer that is gone says nothing new.
LAST_EVENTS_AFTER = timedelta(days=4)


def keep_what_stays(user: User) -> None:
    """Write the one row that outlives an account, in the caller's transaction."""
    # Stripe's word that the customer is gone may have unlinked it already: what was bought with it knows it still.
    known = [sa.select(rows.stripe_customer_id).where(rows.user_id == user.id) for rows in CUSTOMER_OF]
    customers = filter(None, db.session.scalars(sa.union(*known)))
    row = DeletedAccount(
        id=user.id,
        address_digest=digests_of(PURPOSE, user.email)[0],
        signed_up_at=user.created_at,
        stripe_customers=list(customers),
        **origin(),
    )
    db.session.add(row)


def empty_events_of_deleted(now: datetime) -> None:
    """Empty the payloads of events about the customers of closed accounts. Commits in small batches."""
    rows = [row for row in db.session.scalars(sa.select(DeletedAccount)) if row.stripe_customers]
    over = [row for row in rows if row.deleted_at < now - LAST_EVENTS_AFTER]
    empty_payloads_about([customer for row in rows for customer in row.stripe_customers])
    for row in over:
        row.stripe_customers = []
    db.session.commit()
