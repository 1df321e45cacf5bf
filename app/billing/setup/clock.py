"""This machine's clock beside Stripe's."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

from app.billing.gateway.account import current_scope
from app.billing.gateway.client import StripeGateway
from app.database import end_transaction, utcnow


def clock_difference(gateway: StripeGateway) -> timedelta | None:
    """How far this clock is ahead of Stripe's, to about a second; None when Stripe's answer has no date.

    Raises `StripeUnavailable` when Stripe cannot be asked.
    """
    end_transaction()
    with gateway.errors():
        answer = gateway.v1.prices.list({"limit": 1}, current_scope().options()).last_response
    date = {name.lower(): value for name, value in answer.headers.items()}.get("date")
    return utcnow() - parsedate_to_datetime(date) if date else None
