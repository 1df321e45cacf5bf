"""Connecting another Stripe account by OAuth, and giving its permission back. https://docs.stripe.com/connect/oauth"""

import sqlalchemy as sa

from app.billing.errors import BillingError, StripeUnavailable
from app.billing.gateway.client import StripeGateway
from app.billing.gateway.connection import ConnectionState, current_connection
from app.billing.models.stripe import StripeConnection
from app.config.settings import Settings
from app.database import begin_write, db, end_transaction, utcnow

CALLBACK = "/admin/connection/callback"


class ConnectionRefused(BillingError):
    """The account was not connected: the code is used or old, or the account is of the other mode."""


def authorize_url(gateway: StripeGateway, settings: Settings, state: str) -> str:
    """Where the operator agrees to the connection; `state` must come back unchanged."""
    params = {"scope": "read_write", "state": state, "redirect_uri": settings.site_url + CALLBACK}
    url: str = gateway.client.oauth.authorize_url(params)  # type: ignore[arg-type]
    return url


def connect(gateway: StripeGateway, code: str) -> StripeConnection:
    """Exchange the code that Stripe sent the operator back with; that account is used from now on. Commits."""
    end_transaction()
    try:
        with gateway.errors():
            token = gateway.client.oauth.token({"grant_type": "authorization_code", "code": code})
    except StripeUnavailable as error:
        if _oauth_code(error) == "invalid_grant":
            raise ConnectionRefused("Stripe no longer knows this authorization. Start again.") from error
        raise
    if bool(token.livemode) != gateway.livemode:
        raise ConnectionRefused("The account was connected in the other mode (test or live) than the key's.")
    # Stripe sends the browser back by GET, which reads unless told otherwise.
    begin_write()
    connection = _remember(str(token.stripe_user_id), gateway.livemode)
    db.session.commit()
    return connection


def disconnect(gateway: StripeGateway) -> None:
    """Give the connected account's permission back to it and work with the key's own account. Commits.

    Raises `StripeUnavailable` when Stripe cannot be told; then the account stays connected.
    """
    connection = current_connection()
    if connection is None:
        return
    account, state = connection.stripe_account, connection.state
    end_transaction()
    if state != ConnectionState.REVOKED:
        _deauthorize(gateway, account)
    db.session.execute(sa.delete(StripeConnection).where(StripeConnection.stripe_account == account))
    db.session.commit()


def _deauthorize(gateway: StripeGateway, stripe_account: str) -> None:
    try:
        with gateway.errors():
            gateway.client.oauth.deauthorize({"stripe_user_id": stripe_account})
    except StripeUnavailable as error:
        # The account took its permission back itself, and we were not told: then there is nothing left to give.
        if _oauth_code(error) != "invalid_client":
            raise


def _oauth_code(error: StripeUnavailable) -> str | None:
    return getattr(error.__cause__, "code", None)


def _remember(stripe_account: str, livemode: bool) -> StripeConnection:
    query = sa.select(StripeConnection).where(StripeConnection.stripe_account == stripe_account)
    connection: StripeConnection = db.session.scalar(query) or StripeConnection(stripe_account=stripe_account)
    connection.livemode = livemode
    connection.state = ConnectionState.CONNECTED
    # Whole seconds, as Stripe's events have them.
    connection.connected_at = connection.changed_at = utcnow().replace(microsecond=0)
    db.session.add(connection)
    return connection
