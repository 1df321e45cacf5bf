"""Whether Stripe lets us in, into the account of the key or into one connected by OAuth, and whom that turns away."""

import logging
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from app.billing.errors import BillingError, StripeForbidden, StripeUnauthorized
from app.billing.gateway.account import connected_account
from app.billing.gateway.client import StripeGateway
from app.billing.models.stripe import StripeConnection
from app.database import db, end_transaction, utcnow
from app.database_errors import driver_says
from app.mail.alerts import raise_alert_apart

logger = logging.getLogger(__name__)
# What the alerts begin with; they end when somebody gets to Checkout.
TURNED_AWAY = "turned_away:"


class ConnectionState(StrEnum):
    """Whether Stripe lets us in; the words of `StripeConnection.state`."""

    CONNECTED = "connected"
    NEEDS_RECONNECT = "needs_reconnect"
    REVOKED = "revoked"


def current_connection() -> StripeConnection | None:
    """The connection in use, or None when the key's own account is."""
    account = connected_account()
    query = sa.select(StripeConnection).where(StripeConnection.stripe_account == account)
    found: StripeConnection | None = db.session.scalar(query) if account else None
    return found


def known_state(gateway: StripeGateway) -> ConnectionState:
    """Whether Stripe let us in when it was last asked anything, by whichever page, command or worker."""
    connection = current_connection()
    if connection and connection.state == ConnectionState.REVOKED:
        return ConnectionState.REVOKED
    return ConnectionState.NEEDS_RECONNECT if gateway.access.last_refusal() else ConnectionState.CONNECTED


def ask_state(gateway: StripeGateway) -> ConnectionState:
    """Whether Stripe lets us in now, and write it on the connection's row. Commits.

    Raises `StripeUnavailable` when Stripe is out of reach.
    """
    connection = current_connection()
    account, known = (connection.stripe_account, connection.state) if connection else (None, None)
    end_transaction()
    if known == ConnectionState.REVOKED:
        return ConnectionState.REVOKED
    state = _probe(gateway, account)
    if account and known != state:
        changed = sa.update(StripeConnection).where(StripeConnection.stripe_account == account)
        db.session.execute(changed.values(state=state, changed_at=utcnow()))
        db.session.commit()
    return state


def _probe(gateway: StripeGateway, account: str | None) -> ConnectionState:
    """What Stripe answers in this connected account, or in the key's own. There need not be a scope yet."""
    try:
        with gateway.errors(may_be_forbidden=account is None):
            gateway.v1.prices.list({"limit": 1}, {"stripe_account": account} if account else {})
    except StripeUnauthorized:
        return ConnectionState.NEEDS_RECONNECT
    except StripeForbidden:
        # The platform's key works, but not for this account; without one, the key is only restricted.
        return ConnectionState.REVOKED if account else ConnectionState.CONNECTED
    return ConnectionState.CONNECTED


def note_turning_away(error: BillingError) -> None:
    """Somebody could not buy or manage their plan, and trying again will not help: tell the operator.

    Writes in a transaction of its own, where the caller has none open.
    """
    try:
        raise_alert_apart(f"{TURNED_AWAY}{type(error).__name__}", f"Customers are turned away: {error}")
    except SQLAlchemyError as problem:
        logger.warning("That somebody was turned away could not be told: %s.", driver_says(problem))
