"""Every model in one import, for migrations and for `create_all`."""

from app.account.models import DeletedAccount
from app.announcements import Announcement
from app.api.models import ApiToken
from app.auth.factors.models import Authenticator, FactorReset, Passkey, RecoveryCode, TrustedDevice
from app.auth.models import SecurityEvent, User, UserSession
from app.auth.providers.models import Identity
from app.auth.used_tokens import UsedToken
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import Grant, RoleChange
from app.billing.models.stripe import StripeAccount, StripeConnection, StripeCustomer, StripeEvent
from app.billing.models.subscription import RecurringChange, Subscription
from app.billing.models.used import PastTrial, UsedCard, UsedCode
from app.chores import Chore
from app.dashboard.product.models import Entry
from app.mail.alerts import Alert
from app.mail.outbox import OutboxMail

__all__ = [
    "Alert",
    "Announcement",
    "ApiToken",
    "Authenticator",
    "Chore",
    "DeletedAccount",
    "Entry",
    "FactorReset",
    "Grant",
    "Identity",
    "Order",
    "OutboxMail",
    "Passkey",
    "PastTrial",
    "Payment",
    "RecoveryCode",
    "RecurringChange",
    "RoleChange",
    "SecurityEvent",
    "StripeAccount",
    "StripeConnection",
    "StripeCustomer",
    "StripeEvent",
    "Subscription",
    "TrustedDevice",
    "UsedCard",
    "UsedCode",
    "UsedToken",
    "User",
    "UserSession",
]
