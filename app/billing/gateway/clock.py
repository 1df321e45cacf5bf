"""What time it is at Stripe: this machine's time, but in development the emulator's, whose clock can be moved."""

import json
from datetime import UTC, datetime, timedelta
from urllib.request import urlopen

from flask import current_app

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
