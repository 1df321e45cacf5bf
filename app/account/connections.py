"""Connecting another Stripe account and letting it go, from the pages and from the command line: acts of the audit."""

from app.audit import Act, ActKind, recorded
from app.billing.gateway import oauth
from app.billing.gateway.client import get_gateway
from app.billing.gateway.connection import current_connection
from app.database import begin_write, utcnow
from app.mail.alerts import tell_admins


def connect_account(code: str, *, actor: str) -> str:
    """Use the account that agreed with this code from now on; its id. All admins get a mail. Commits.

    Raises `ConnectionRefused` for a code that is used, old, or of the other mode.
    """
    # Stripe sends the browser back by GET, which reads unless told otherwise.
    begin_write()
    with recorded(Act(ActKind.CONNECT, actor)) as act:
        act.subject = oauth.connect(get_gateway(), code).stripe_account
        message = f"{actor} connected the Stripe account {act.subject}: payments go there from now on."
        tell_admins(message, cause=f"connect:{act.subject}:{utcnow().isoformat()}")
    return act.subject


def disconnect_account(*, actor: str) -> str | None:
    """Give the permission back and work with the key's own account; which was disconnected, or None. Commits.

    Raises `StripeUnavailable` when Stripe cannot be told; then the account stays connected.
    """
    connection = current_connection()
    if connection is None:
        return None
    account = connection.stripe_account
    with recorded(Act(ActKind.DISCONNECT, actor, subject=account)):
        oauth.disconnect(get_gateway())
        message = f"{actor} disconnected the Stripe account {account}: payments go to the secret key's own."
        tell_admins(message, cause=f"disconnect:{account}:{utcnow().isoformat()}")
    return account
