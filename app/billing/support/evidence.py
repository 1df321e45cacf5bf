"""What we hold of a payment that is disputed: for whoever answers the bank."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.auth.models import SecurityEvent, User, UserSession
from app.billing.gateway.account import StripeScope
from app.billing.models.payments import Payment
from app.billing.models.roles import RoleChange
from app.billing.statuses import PaymentStatus
from app.database import db
from app.mail.outbox import OutboxMail

SHOWN = 20
# `auth.security_log.Kind`, which stands above billing.
SIGNED_UP, SIGNED_IN = "signed_up", "signed_in"


@dataclass(frozen=True)
class Evidence:
    """The account and what it did, newest first; `used_since` counts the log-ins after the payment."""

    user: User | None
    signed_up: SecurityEvent | None
    sign_ins: list[SecurityEvent]
    used_since: int
    last_used_at: datetime | None
    access: list[RoleChange]
    mails: list[OutboxMail]
    earlier_payments: list[Payment]


def open_disputes(scope: StripeScope) -> list[Payment]:
    """The payments that are disputed now, the one to be answered first coming first."""
    disputed = sa.select(Payment).where(scope.covers(Payment), Payment.dispute_status.is_not(None))
    found = [payment for payment in db.session.scalars(disputed) if payment.has_open_dispute]
    return sorted(found, key=lambda payment: (payment.dispute_due_by or payment.created_at, payment.id))


def evidence_for(payment: Payment) -> Evidence:
    """What speaks for the payment; next to nothing where its account is gone."""
    user = db.session.get(User, payment.user_id) if payment.user_id else None
    if user is None:
        return Evidence(None, None, [], 0, None, [], [], [])
    sign_ins = sa.select(SecurityEvent).where(SecurityEvent.user_id == user.id, SecurityEvent.kind == SIGNED_IN)
    since = sa.select(sa.func.count()).select_from(sign_ins.where(SecurityEvent.at >= payment.created_at).subquery())
    last_used = sa.select(sa.func.max(UserSession.last_used_at)).where(UserSession.user_id == user.id)
    signed_up = sa.select(SecurityEvent).where(SecurityEvent.user_id == user.id, SecurityEvent.kind == SIGNED_UP)
    changes = sa.select(RoleChange).where(RoleChange.user_id == user.id)
    mails = sa.select(OutboxMail).where(OutboxMail.user_id == user.id, OutboxMail.sent_at >= payment.created_at)
    earlier = sa.select(Payment).where(
        Payment.user_id == user.id,
        Payment.status == PaymentStatus.PAID,
        Payment.dispute_status.is_(None),
        Payment.created_at < payment.created_at,
    )
    return Evidence(
        user=user,
        signed_up=db.session.scalar(signed_up.limit(1)),
        sign_ins=list(db.session.scalars(sign_ins.order_by(SecurityEvent.at.desc()).limit(SHOWN))),
        used_since=db.session.scalar(since) or 0,
        last_used_at=db.session.scalar(last_used),
        access=list(db.session.scalars(changes.order_by(RoleChange.id.desc()).limit(SHOWN))),
        mails=list(db.session.scalars(mails.order_by(OutboxMail.sent_at.desc()).limit(SHOWN))),
        earlier_payments=list(db.session.scalars(earlier.order_by(Payment.created_at.desc()).limit(SHOWN))),
    )
