"""Orders and payments: what somebody set out to buy, and the money asked for it."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, Unmapped, mapped_column, relationship, unmapped_column

from app.billing.catalog.plans import current_catalog
from app.billing.models.stripe import STRIPE_ID, one_of, user_id_column
from app.billing.statuses import DISPUTE_OVER, OrderState, PaymentStatus, dispute_takes_access
from app.database import UtcDateTime, db, utcnow


class Order(db.Model):  # type: ignore[name-defined]
    """One intention to buy, written before the buyer leaves for Checkout. Amounts in minor units."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(one_of("state", [state.value for state in OrderState]), name="state"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("seats >= 1", name="seats"),
        Index("uq_orders_pending", "user_id", "stripe_account", "livemode", unique=True,
              postgresql_where=text("state = 'pending'"), sqlite_where=text("state = 'pending'")),
    )  # fmt: skip

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    user_id: Mapped[uuid.UUID | None] = user_id_column("SET NULL")
    state: Mapped[str] = mapped_column(String(16), default=OrderState.PENDING.value, index=True)
    plan_key: Mapped[str] = mapped_column(String(32))
    # The plan's role when it was ordered, which a plan that is removed later goes on giving.
    role: Mapped[str | None] = mapped_column(String(32))
    role_rank: Mapped[int] = mapped_column(default=0, server_default="0")
    seats: Mapped[int] = mapped_column(default=1, server_default="1")
    interval: Mapped[str | None] = mapped_column(String(8))
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    trial_days: Mapped[int] = mapped_column(default=0)
    stripe_price_id: Mapped[str] = mapped_column(STRIPE_ID, default="")
    stripe_customer_id: Mapped[str | None] = mapped_column(STRIPE_ID, index=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    livemode: Mapped[bool]
    stripe_checkout_session_id: Mapped[str | None] = mapped_column(STRIPE_ID, unique=True)
    checkout_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stripe_subscription_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(STRIPE_ID, index=True)
    stripe_dispute_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    dispute_status: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, index=True)
    fulfilled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Read and written by nothing; the release after this one drops it (docs/upgrading.md).
    checkout_url: Unmapped[str | None] = unmapped_column(Text)

    @property
    def is_sold_by_link(self) -> bool:
        """Whether a Payment Link sells it: only then no price of Stripe's was named when it was ordered."""
        return self.interval is None and not self.stripe_price_id

    @property
    def counted_seats(self) -> int | None:
        """How many seats were ordered; None for a price that is not counted by the seat."""
        return self.seats if self.seats > 1 or current_catalog().is_per_seat(self.plan_key, self.interval) else None


class Payment(db.Model):  # type: ignore[name-defined]
    """Money asked for: an invoice of a subscription, or the single payment of a one-time order."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint(one_of("status", [status.value for status in PaymentStatus]), name="status"),
        CheckConstraint("amount_refunded >= 0", name="amount_refunded"),
        CheckConstraint("stripe_invoice_id IS NOT NULL OR stripe_payment_intent_id IS NOT NULL", name="stripe_id"),
        Index("ix_payments_amount", "currency", "amount", "id"),
        Index("ix_payments_paid_at", "paid_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID | None] = user_id_column("SET NULL")
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
    stripe_dispute_id: Mapped[str | None] = mapped_column(STRIPE_ID)
    dispute_status: Mapped[str | None] = mapped_column(String(32))
    amount_disputed: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    # Until when the bank takes an answer, and why the cardholder wants the money back.
    dispute_due_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dispute_reason: Mapped[str | None] = mapped_column(String(64))
    # Then a larger amount is not always the later one any more.
    has_failed_refund: Mapped[bool] = mapped_column(default=False, server_default=false())
    number: Mapped[str | None] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(String(255), default="")
    hosted_invoice_url: Mapped[str | None] = mapped_column(Text)
    invoice_pdf: Mapped[str | None] = mapped_column(Text)
    attempt_count: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Of one that seems to have bought nothing: when an operator decided to keep it, and who.
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by: Mapped[str | None] = mapped_column(String(254))
    order: Mapped[Order | None] = relationship(viewonly=True)

    @property
    def has_open_dispute(self) -> bool:
        """A dispute, or an inquiry, that is not decided yet."""
        return self.dispute_status is not None and self.dispute_status not in DISPUTE_OVER

    @property
    def is_disputed(self) -> bool:
        """The bank took it back, at least for now."""
        is_of_order = self.order and self.order.stripe_payment_intent_id == self.stripe_payment_intent_id
        takes_order = is_of_order and self.order and self.order.state == OrderState.DISPUTED
        return bool(takes_order) or dispute_takes_access(self.dispute_status)
