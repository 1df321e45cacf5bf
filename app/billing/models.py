"""What we keep of Stripe: customers, the subscription mirror, orders, payments, events, and the audit of roles."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.billing.predicates import SubscriptionPredicates
from app.billing.statuses import EventOutcome, OrderState, PaymentStatus
from app.database import UtcDateTime, db, utcnow

STRIPE_ID = String(255)
ROLES = "('free', 'basic', 'pro')"


def _one_of(column: str, values: list[str]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _user_id(ondelete: str) -> Any:
    return mapped_column(ForeignKey("users.id", ondelete=ondelete), index=True)


class StripeAccount(db.Model):  # type: ignore[name-defined]
    """Which Stripe account a secret key belongs to, so that it is asked once per key."""

    __tablename__ = "stripe_accounts"

    key_fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class StripeConnection(db.Model):  # type: ignore[name-defined]
    """An account connected by OAuth; the newest row that is not disconnected is the one in use."""

    __tablename__ = "stripe_connections"
    __table_args__ = (CheckConstraint("state IN ('connected', 'needs_reconnect', 'revoked')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID, unique=True)
    livemode: Mapped[bool]
    state: Mapped[str] = mapped_column(String(16), default="connected")
    connected_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class StripeCustomer(db.Model):  # type: ignore[name-defined]
    """A user's customer in one Stripe account and mode."""

    __tablename__ = "stripe_customers"
    __table_args__ = (UniqueConstraint("user_id", "stripe_account", "livemode"),)

    stripe_customer_id: Mapped[str] = mapped_column(STRIPE_ID, primary_key=True)
    user_id: Mapped[uuid.UUID] = _user_id("CASCADE")
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    livemode: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class Subscription(SubscriptionPredicates, db.Model):  # type: ignore[name-defined]
    """The mirror of one Stripe subscription. `billing.sync` is its only writer.

    `snapshot_at` is the Stripe second that the row is known to reflect: only an event created after it is
    certainly newer. `price` fields are those of the item that gives the highest role.
    """

    __tablename__ = "subscriptions"

    stripe_subscription_id: Mapped[str] = mapped_column(STRIPE_ID, primary_key=True)
    user_id: Mapped[uuid.UUID | None] = _user_id("SET NULL")
    stripe_customer_id: Mapped[str] = mapped_column(STRIPE_ID, index=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    livemode: Mapped[bool]
    status: Mapped[str] = mapped_column(String(32))
    stripe_item_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    stripe_price_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    lookup_key: Mapped[str | None] = mapped_column(STRIPE_ID)
    amount: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(String(3))
    interval: Mapped[str | None] = mapped_column(String(8))
    quantity: Mapped[int] = mapped_column(default=1)
    current_period_start: Mapped[datetime | None] = mapped_column(UtcDateTime)
    current_period_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    trial_end: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_at_period_end: Mapped[bool] = mapped_column(default=False)
    canceled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_collection_paused: Mapped[bool] = mapped_column(default=False)
    latest_invoice_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    snapshot_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Order(db.Model):  # type: ignore[name-defined]
    """One intention to buy, written before the buyer leaves for Checkout. Amounts in minor units."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(_one_of("state", [state.value for state in OrderState]), name="state"),
        Index("uq_orders_pending", "user_id", "stripe_account", "livemode", unique=True,
              postgresql_where=text("state = 'pending'"), sqlite_where=text("state = 'pending'")),
    )  # fmt: skip

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID | None] = _user_id("SET NULL")
    state: Mapped[str] = mapped_column(String(16), default=OrderState.PENDING.value, index=True)
    plan_key: Mapped[str] = mapped_column(String(32))
    interval: Mapped[str | None] = mapped_column(String(8))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    trial_days: Mapped[int] = mapped_column(default=0)
    stripe_price_id: Mapped[str] = mapped_column(STRIPE_ID, default="")
    stripe_customer_id: Mapped[str | None] = mapped_column(STRIPE_ID, index=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    livemode: Mapped[bool]
    stripe_checkout_session_id: Mapped[str | None] = mapped_column(STRIPE_ID, unique=True)
    checkout_url: Mapped[str | None] = mapped_column(Text)
    checkout_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stripe_subscription_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(STRIPE_ID, index=True)
    stripe_dispute_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    dispute_status: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    fulfilled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Payment(db.Model):  # type: ignore[name-defined]
    """Money asked for: an invoice of a subscription, or the single payment of a one-time order."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint(_one_of("status", [status.value for status in PaymentStatus]), name="status"),
        CheckConstraint("amount_refunded >= 0", name="amount_refunded"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID | None] = _user_id("SET NULL")
    order_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("orders.id", ondelete="SET NULL"), index=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    livemode: Mapped[bool]
    stripe_invoice_id: Mapped[str | None] = mapped_column(STRIPE_ID, unique=True)
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(STRIPE_ID, unique=True)
    stripe_subscription_id: Mapped[str | None] = mapped_column(STRIPE_ID, index=True)
    status: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    amount_refunded: Mapped[int] = mapped_column(BigInteger, default=0)
    number: Mapped[str | None] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(String(255), default="")
    hosted_invoice_url: Mapped[str | None] = mapped_column(Text)
    invoice_pdf: Mapped[str | None] = mapped_column(Text)
    attempt_count: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    order: Mapped[Order | None] = relationship(viewonly=True)

    @property
    def is_disputed(self) -> bool:
        """The bank took it back, at least for now; known of one-time orders."""
        if self.order is None or self.order.stripe_payment_intent_id != self.stripe_payment_intent_id:
            return False
        else:
            return self.order.state == OrderState.DISPUTED


class StripeEvent(db.Model):  # type: ignore[name-defined]
    """One event as Stripe sent it, what came of it, and what it changed (state before and after)."""

    __tablename__ = "stripe_events"
    __table_args__ = (
        CheckConstraint(_one_of("outcome", [outcome.value for outcome in EventOutcome]), name="outcome"),
        Index("ix_stripe_events_failed", "received_at", postgresql_where=text("outcome = 'failed'"),
              sqlite_where=text("outcome = 'failed'")),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(STRIPE_ID, primary_key=True)
    type: Mapped[str] = mapped_column(STRIPE_ID)
    api_version: Mapped[str | None] = mapped_column(STRIPE_ID)
    stripe_account: Mapped[str | None] = mapped_column(STRIPE_ID)
    object_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    payload: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int] = mapped_column(default=1)
    error: Mapped[str | None] = mapped_column(Text)
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, index=True)


class Grant(db.Model):  # type: ignore[name-defined]
    """A role that the operator gave by hand, beside what Stripe says."""

    __tablename__ = "grants"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = _user_id("CASCADE")
    role: Mapped[str] = mapped_column(String(16))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    granted_by: Mapped[str] = mapped_column(String(255), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RoleChange(db.Model):  # type: ignore[name-defined]
    """The audit of roles: what changed, by which rule, on which object, and the event that caused it."""

    __tablename__ = "role_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = _user_id("CASCADE")
    role_before: Mapped[str] = mapped_column(String(16))
    role_after: Mapped[str] = mapped_column(String(16))
    rule: Mapped[str] = mapped_column(String(64))
    object_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    cause: Mapped[str] = mapped_column(STRIPE_ID)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
