"""Who has had a free trial: a trial is a person's, also when their account is gone."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.billing.models.stripe import STRIPE_ID
from app.database import UtcDateTime, db, utcnow


class PastTrial(db.Model):  # type: ignore[name-defined]
    """An address that had a trial in a Stripe account and mode, as a digest that nobody can turn back into it."""

    __tablename__ = "past_trials"

    address_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    stripe_account: Mapped[str] = mapped_column(STRIPE_ID, primary_key=True)
    livemode: Mapped[bool] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)
