"""The connected account took its permission back: nothing is sold until it is connected again."""

from datetime import datetime

import sqlalchemy as sa

from app.billing.changes import IGNORED, Effect
from app.billing.gateway.account import StripeScope
from app.billing.gateway.connection import ConnectionState
from app.billing.models.stripe import StripeConnection
from app.billing.webhooks.event import Event
from app.database import db, utcnow


def on_deauthorized(event: Event, scope: StripeScope) -> Effect:
    """Note that the account in use was disconnected at Stripe."""
    if mark_revoked(scope.stripe_account, event.created_at):
        after = {"state": ConnectionState.REVOKED.value}
        return Effect(changes={scope.stripe_account: {"before": {}, "after": after}})
    else:
        return IGNORED


def mark_revoked(stripe_account: str, at: datetime) -> bool:
    """Note that an account took its permission back; whether that was news of our connection. Does not commit.

    One that was connected again after `at` stays connected: the event is about the earlier permission.
    """
    revoked = (
        sa.update(StripeConnection)
        .where(
            StripeConnection.stripe_account == stripe_account,
            StripeConnection.state != ConnectionState.REVOKED,
            StripeConnection.connected_at <= at,
        )
        .values(state=ConnectionState.REVOKED, changed_at=utcnow())
    )
    return bool(db.session.execute(revoked).rowcount)  # type: ignore[attr-defined]
