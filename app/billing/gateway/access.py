"""Whether Stripe lets our key in, as its last answers told: a 401 or 403 is remembered until the next success."""

import logging
import time

from sqlalchemy.exc import SQLAlchemyError

from app.billing.errors import BillingError, StripeForbidden, StripeUnauthorized
from app.database import in_transaction
from app.database_errors import driver_says
from app.mail.alerts import Alert, end_alert_apart, end_alerts, open_alerts, raise_alert_apart

logger = logging.getLogger(__name__)
TURNED_AWAY = "turned_away:"
# Another worker may have met the refusal that our success ends: how often that is looked at.
LOOK_AGAIN_SECONDS = 60


class KeyAccess:
    """What is remembered of one secret key, in the database, so that all workers and commands know it.

    It is written in transactions of its own, when Stripe has answered and none of the caller's is open.
    """

    def __init__(self, key_fingerprint: str) -> None:
        self._cause = f"stripe_access:{key_fingerprint}"
        self._is_known_good_until = 0.0

    def note_refusal(self, error: StripeUnauthorized | StripeForbidden) -> None:
        """Stripe answered 401 or 403."""
        self._is_known_good_until = 0.0
        if not in_transaction():
            try:
                raise_alert_apart(self._cause, str(error))
            except SQLAlchemyError as problem:
                logger.warning("The refusal of Stripe could not be remembered: %s.", driver_says(problem))

    def note_success(self) -> None:
        """Stripe let the key in."""
        if time.monotonic() < self._is_known_good_until or in_transaction():
            return
        try:
            end_alert_apart(self._cause)
        except SQLAlchemyError as error:
            logger.warning("That Stripe lets us in could not be remembered: %s.", driver_says(error))
        else:
            self._is_known_good_until = time.monotonic() + LOOK_AGAIN_SECONDS

    def last_refusal(self) -> Alert | None:
        """What Stripe refused, if nothing succeeded since."""
        return next(iter(open_alerts(self._cause)), None)


def note_turning_away(error: BillingError) -> None:
    """Somebody could not buy or manage their plan, and trying again will not help: tell the operator.

    Writes in a transaction of its own, where the caller has none open.
    """
    try:
        raise_alert_apart(f"{TURNED_AWAY}{type(error).__name__}", f"Customers are turned away: {error}")
    except SQLAlchemyError as problem:
        logger.warning("That somebody was turned away could not be told: %s.", driver_says(problem))


def end_turning_away() -> None:
    """Somebody has got to Checkout. Does not commit."""
    end_alerts(TURNED_AWAY)
