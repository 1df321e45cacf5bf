"""Webhooks that were answered 400: said in the log, counted for the operator, over when one is accepted again."""

import logging
import time

import sqlalchemy as sa
from flask import current_app

from app.billing.errors import WebhookRefused
from app.billing.webhooks.log import last_event
from app.database import db
from app.database_errors import driver_says
from app.mail.alerts import Alert, open_alerts, raise_alert

logger = logging.getLogger(__name__)
PREFIX = "webhook_refused:"
# One may be a stranger's; Stripe comes again.
MAIL_AFTER = 3
# A process writes down so many of a kind in a while: refusing what anybody may send has to stay cheap.
WRITTEN_IN_A_ROW, SECONDS_IN_A_ROW = 5, 10


def note_refusal(error: WebhookRefused) -> bool:
    """Log and count a webhook that is refused, with neither its body nor a secret; a flood is not counted. Commits.

    Says whether it was. The answer to the sender never depends on it: a database that fails is only logged.
    """
    if not _is_among_the_first(error.kind):
        return False
    logger.log(error.level, "Webhook refused: %s", error)
    try:
        accepted = last_event()
        # What was refused before the last accepted one belongs to a trouble that is over.
        if accepted:
            over = sa.delete(Alert).where(Alert.cause.startswith(PREFIX), Alert.last_at < accepted.received_at)
            db.session.execute(over)
        raise_alert(f"{PREFIX}{error.kind}", f"Webhooks are refused: {error}", mail_after=MAIL_AFTER)
        db.session.commit()
    except sa.exc.SQLAlchemyError as problem:
        db.session.rollback()
        logger.warning("The refusal could not be counted: %s.", driver_says(problem))
    return True


def _is_among_the_first(kind: str) -> bool:
    now = time.monotonic()
    seen: dict[str, tuple[float, int]] = current_app.extensions.setdefault("webhook_refusals", {})
    began, count = seen.get(kind, (now, 0))
    if now - began > SECONDS_IN_A_ROW:
        began, count = now, 0
    seen[kind] = began, count + 1
    return count < WRITTEN_IN_A_ROW


def refusals() -> list[Alert]:
    """What webhooks are refused for, since the last one that was accepted; empty when all is well."""
    accepted = last_event()
    return [alert for alert in open_alerts(PREFIX) if accepted is None or alert.last_at >= accepted.received_at]
