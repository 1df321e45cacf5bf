"""Every model in one import, for migrations and for `create_all`."""

from app.auth.models import SecurityEvent, User, UserSession
from app.billing.models import (
    Grant,
    Order,
    Payment,
    RoleChange,
    StripeAccount,
    StripeConnection,
    StripeCustomer,
    StripeEvent,
    Subscription,
)
from app.outbox import OutboxMail

__all__ = [
    "Grant",
    "Order",
    "OutboxMail",
    "Payment",
    "RoleChange",
    "SecurityEvent",
    "StripeAccount",
    "StripeConnection",
    "StripeCustomer",
    "StripeEvent",
    "Subscription",
    "User",
    "UserSession",
]
