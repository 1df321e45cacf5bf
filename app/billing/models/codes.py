"""Who has used which code: what people typed into Checkout, and what was taken off for them by hand."""

import uuid
from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.billing.models.stripe import STRIPE_ID, user_id_column
from app.database import UtcDateTime, db


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
