"""What each subscription brings in a month, from when on: what the movements of recurring revenue are summed from."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.billing.models.stripe import STRIPE_ID
from app.database import UtcDateTime, db


class RecurringChange(db.Model):  # type: ignore[name-defined]
    """One change of what a subscription brings in a month, in minor units; `number` counts those of a subscription."""

    __tablename__ = "recurring_changes"
    __table_args__ = (Index("ix_recurring_changes_scope", "stripe_account", "livemode", "at"),)

    stripe_subscription_id: Mapped[str] = mapped_column(STRIPE_ID, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    stripe_customer_id: Mapped[str] = mapped_column(STRIPE_ID, index=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID)
    livemode: Mapped[bool]
    currency: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    difference: Mapped[int] = mapped_column(BigInteger)
