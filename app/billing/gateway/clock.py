"""What time it is at Stripe: in development the emulator's, whose clock can be moved; and how far ours is from it."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.request import urlopen

from flask import current_app

from app.billing.gateway.account import current_scope
from app.billing.gateway.client import StripeGateway
from app.database import end_transaction, utcnow

SECONDS = 1
# Less is no move, but the way to the emulator and back.
SMALLEST_MOVE = timedelta(minutes=1)


def stripe_now() -> datetime:
    """The moment (UTC) that figures count from. Asks nobody but the emulator; commits before it does."""
    settings = current_app.extensions["settings"]
    if not settings.uses_emulator:
        return utcnow()
    end_transaction()
    try:
        with urlopen(f"{settings.stripe_base}/_emulator/status", timeout=SECONDS) as answer:  # noqa: S310
            there = datetime.fromtimestamp(json.load(answer)["now"], UTC)
    except (OSError, ValueError, KeyError):
        return utcnow()
    return there if abs(there - utcnow()) > SMALLEST_MOVE else utcnow()


def moved_clock(now: datetime) -> datetime | None:
    """That moment, where the emulator's clock was moved and figures count from it; else None."""
    return now if abs(now - utcnow()) > SMALLEST_MOVE else None


def clock_difference(gateway: StripeGateway) -> timedelta | None:
    """How far this clock is ahead of Stripe's, to about a second; None when Stripe's answer has no date.

    Raises `StripeUnavailable` when Stripe cannot be asked.
    """
    end_transaction()
    with gateway.errors():
        answer = gateway.v1.prices.list({"limit": 1}, current_scope().options()).last_response
    date = {name.lower(): value for name, value in answer.headers.items()}.get("date")
    return utcnow() - parsedate_to_datetime(date) if date else None
