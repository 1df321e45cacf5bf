"""Everything that is kept about a user, as JSON that they can take with them."""

import uuid
from datetime import date
from typing import Any

import sqlalchemy as sa

from app.api.models import ApiToken
from app.audit import OperatorAct
from app.auth.factors.models import Authenticator, FactorReset, Passkey, RecoveryCode, TrustedDevice
from app.auth.models import SecurityEvent, User, UserSession
from app.auth.providers.models import Identity
from app.billing.models.payments import Order, Payment
from app.billing.models.roles import Grant, RoleChange
from app.billing.models.stripe import StripeCustomer
from app.billing.models.subscription import Subscription
from app.billing.models.used import UsedCard, UsedCode
from app.dashboard.product.models import Entry
from app.database import db, utcnow
from app.mail.outbox import OutboxMail

# What would let somebody in, or is only bookkeeping between us and Stripe's servers.
LEFT_OUT = {
    "password_hash",
    # Who of the operators it was.
    "actor",
    "secret",
    "last_step",
    "digest",
    "credential_id",
    "public_key",
    "sign_count",
    "user_id",
    "context",
    "error",
    "next_try_at",
    "role_recheck_at",
    "role_scope",
}
KEPT = {
    "sessions": UserSession,
    "security_events": SecurityEvent,
    "role_changes": RoleChange,
    "grants": Grant,
    "subscriptions": Subscription,
    "orders": Order,
    "payments": Payment,
    "stripe_customers": StripeCustomer,
    "used_cards": UsedCard,
    "used_codes": UsedCode,
    "mails": OutboxMail,
    "entries": Entry,
    "authenticators": Authenticator,
    "passkeys": Passkey,
    "recovery_codes": RecoveryCode,
    "trusted_devices": TrustedDevice,
    "factor_resets": FactorReset,
    "identities": Identity,
    "api_tokens": ApiToken,
    "operator_acts": OperatorAct,
}


def export_of(user: User) -> dict[str, Any]:
    """All of this user's data: amounts in minor units, times in UTC."""
    kept = {name: _rows_of(user, model) for name, model in KEPT.items()}
    return {"exported_at": utcnow().isoformat(), "user": _plain_row(user)} | kept


def _rows_of(user: User, model: Any) -> list[dict[str, Any]]:
    return [_plain_row(row) for row in db.session.scalars(sa.select(model).where(model.user_id == user.id))]


def _plain_row(row: Any) -> dict[str, Any]:
    # The id of a session is what its browser shows to be signed in.
    left_out = LEFT_OUT | {"id"} if isinstance(row, UserSession) else LEFT_OUT
    names = [column.key for column in sa.inspect(type(row)).columns if column.key not in left_out]
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    else:
        return str(value) if isinstance(value, uuid.UUID) else value
