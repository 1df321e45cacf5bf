"""Which accounts have paid with which card, as digests: so that the operator sees one that pays for several."""

import uuid
from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.billing.models.stripe import STRIPE_ID, user_id_column
from app.database import UtcDateTime, db, utcnow


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
