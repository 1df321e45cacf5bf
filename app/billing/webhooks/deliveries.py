"""Which events Stripe could not bring here, asked of Stripe."""

from datetime import timedelta

import sqlalchemy as sa

from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import StripeGateway
from app.billing.models.stripe import StripeEvent
from app.billing.statuses import EventOutcome
from app.billing.webhooks.process import HANDLED_TYPES
from app.database import db, end_transaction, utcnow

LOOKED_BACK = timedelta(days=3)
# One page. Who has more has one trouble, not a hundred.
MOST = 100


def undelivered_events(gateway: StripeGateway, scope: StripeScope) -> list[str]:
    """The ids of the last days' events that we want and have not had, however they came in the end.

    Raises `StripeUnavailable` when Stripe cannot be asked. Commits.
    """
    end_transaction()
    since = int((utcnow() - LOOKED_BACK).timestamp())
    params = {"delivery_success": False, "created": {"gte": since}, "limit": MOST}
    with gateway.errors():
        events = gateway.v1.events.list(params, scope.options()).data
    wanted = [event.id for event in events if event.type in HANDLED_TYPES]
    settled = sa.select(StripeEvent.id).where(StripeEvent.id.in_(wanted), StripeEvent.outcome != EventOutcome.FAILED)
    arrived = set(db.session.scalars(settled))
    db.session.commit()
    return [event_id for event_id in wanted if event_id not in arrived]
