"""What can be used once, or is to be noticed the second time: free trials, cards and codes."""

import uuid
from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.billing.models.stripe import STRIPE_ID, user_id_column
from app.database import UtcDateTime, db, utcnow


class PastTrial(db.Model):  # type: ignore[name-defined]
    """An address that had a trial in a Stripe account and mode, as a digest that nobody can turn back into it."""

    __tablename__ = "past_trials"

    address_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID, primary_key=True)
    livemode: Mapped[bool] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class UsedCard(db.Model):  # type: ignore[name-defined]
    """A card that an account has paid with, in a Stripe account and mode; it outlives an account that had a trial."""

    __tablename__ = "used_cards"
    __table_args__ = (UniqueConstraint("card_digest", "user_id", "stripe_account", "livemode"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    card_digest: Mapped[str] = mapped_column(String(64))
    user_id: Mapped[uuid.UUID | None] = user_id_column("SET NULL")
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    livemode: Mapped[bool]
    first_used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


class UsedCode(db.Model):  # type: ignore[name-defined]
    """One use: of a promotion code, or of a coupon without one, for a subscription, an order or a customer."""

    __tablename__ = "used_codes"

    code_id: Mapped[str] = mapped_column(STRIPE_ID, primary_key=True)
    # A subscription, a Checkout Session or a customer, by Stripe's id.
    used_for: Mapped[str] = mapped_column(STRIPE_ID, primary_key=True)
    user_id: Mapped[uuid.UUID | None] = user_id_column("SET NULL")
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    livemode: Mapped[bool]
    plan_key: Mapped[str | None] = mapped_column(String(32))
    used_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
