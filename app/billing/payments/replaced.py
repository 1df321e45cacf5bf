"""What a one-time plan replaces: the subscriptions that ran when it was bought end with their periods."""

import logging

from app.auth.models import User
from app.billing.asking import ask
from app.billing.changes import Changes
from app.billing.errors import StripeRejection
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import get_gateway
from app.billing.gateway.objects import CheckoutSessionObject, SubscriptionObject
from app.billing.models.payments import Order
from app.billing.models.subscription import Subscription
from app.billing.roles.decision import role_of_order
from app.billing.subscriptions.lookup import subscriptions_of_plans
from app.billing.subscriptions.sync import mirror

logger = logging.getLogger(__name__)


def end_replaced(
    order: Order, user: User, session: CheckoutSessionObject, scope: StripeScope, cause: str
) -> tuple[list[Subscription], Changes]:
    """Set to end what a one-time order leaves no reason to pay for; which those are, and what changed.

    Inside `ask_then_lock`, of a (locked) user. One that Stripe refuses to change goes on, and stands in the log.
    """
    replaced = [row for row in subscriptions_of_plans(user, scope) if _is_replaced(row, order, session)]
    changes: Changes = {}
    for row in replaced:
        try:
            ends = row.is_canceling and not row.is_charged_again
            found = None if ends else ask(_set_to_end, row.stripe_subscription_id, scope)
        except StripeRejection as error:
            logger.error("Subscription %s was not set to end: %s", row.stripe_subscription_id, error)
        else:
            changes |= mirror(user, found, scope, cause=cause).changes if found else {}
    return [row for row in replaced if row.is_canceling], changes


def _is_replaced(row: Subscription, order: Order, session: CheckoutSessionObject) -> bool:
    """Whether it ran before the purchase, and gives no more than that does."""
    ran_before = row.started_at is None or row.started_at <= session.created
    return ran_before and row.role_rank <= role_of_order(order).rank


def _set_to_end(subscription_id: str, scope: StripeScope) -> SubscriptionObject:
    """Have Stripe end it with its period. Doing so again changes nothing, so `ask` may begin anew after it."""
    gateway = get_gateway()
    with gateway.errors():
        params: dict[str, bool] = {"cancel_at_period_end": True}
        found = gateway.v1.subscriptions.update(subscription_id, params, scope.options()).to_dict()
    return SubscriptionObject.read(found)
