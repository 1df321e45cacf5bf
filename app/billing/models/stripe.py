"""What we keep of the Stripe account itself: its connection, customers and events."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.billing.statuses import EventOutcome
from app.database import UtcDateTime, db, utcnow

STRIPE_ID = String(255)


def one_of(column: str, values: list[str]) -> str:
    """The condition of a check: the column holds one of these texts."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def user_id_column(ondelete: str) -> Any:
    """The column that says whose a row is, and what becomes of the row when the user is deleted."""
    return mapped_column(ForeignKey("users.id", ondelete=ondelete), index=True)


class StripeAccount(db.Model):  # type: ignore[name-defined]
    """Which Stripe account a secret key belongs to, so that it is asked once per key."""

    __tablename__ = "stripe_accounts"

    key_fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class StripeConnection(db.Model):  # type: ignore[name-defined]
    """An account connected by OAuth; the one connected last in the key's mode is in use. Disconnecting deletes it."""

    __tablename__ = "stripe_connections"
    __table_args__ = (CheckConstraint("state IN ('connected', 'needs_reconnect', 'revoked')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID, unique=True)
    livemode: Mapped[bool]
    state: Mapped[str] = mapped_column(String(16), default="connected")
    connected_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class StripeCustomer(db.Model):  # type: ignore[name-defined]
    """A user's customer in one Stripe account and mode, and what it pays with: `payments.cards` writes that."""

    __tablename__ = "stripe_customers"
    __table_args__ = (UniqueConstraint("user_id", "stripe_account", "livemode"),)

    stripe_customer_id: Mapped[str] = mapped_column(STRIPE_ID, primary_key=True)
    user_id: Mapped[uuid.UUID] = user_id_column("CASCADE")
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    livemode: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
    stripe_payment_method_id: Mapped[str | None] = mapped_column(STRIPE_ID, index=True)
    card_brand: Mapped[str | None] = mapped_column(String(32))
    card_last4: Mapped[str | None] = mapped_column(String(32))
    card_exp_month: Mapped[int | None]
    card_exp_year: Mapped[int | None]
    card_valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def card_is_known(self) -> bool:
        """Whether what is kept of the card is what Stripe would say: an event makes it out of date."""
        return self.card_valid_until is not None and self.card_valid_until > utcnow()


class StripeEvent(db.Model):  # type: ignore[name-defined]
    """One event as Stripe sent it, what came of it, and what it changed (state before and after)."""

    __tablename__ = "stripe_events"
    __table_args__ = (
        CheckConstraint(one_of("outcome", [outcome.value for outcome in EventOutcome]), name="outcome"),
        Index("ix_stripe_events_failed", "received_at", postgresql_where=text("outcome = 'failed'"),
              sqlite_where=text("outcome = 'failed'")),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(STRIPE_ID, primary_key=True)
    type: Mapped[str] = mapped_column(STRIPE_ID)
    api_version: Mapped[str | None] = mapped_column(STRIPE_ID)
    stripe_account: Mapped[str | None] = mapped_column(STRIPE_ID)
    object_id: Mapped[str | None] = mapped_column(STRIPE_ID, index=True)
    payload: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int] = mapped_column(default=1)
    error: Mapped[str | None] = mapped_column(Text)
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, index=True)
