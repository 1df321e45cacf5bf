"""Coupons and promotion codes, as far as we read them."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from app.billing.gateway.objects import (
    Amount,
    Count,
    Currency,
    Moment,
    OptionalMoment,
    Part,
    StripeResource,
    Text,
    Word,
)
from app.database import utcnow


class CouponObject(Part):
    """https://docs.stripe.com/api/coupons/object"""

    id: Text
    amount_off: Amount | None = None
    currency: Currency | None = None
    duration: Word
    duration_in_months: Count | None = None
    percent_off: Annotated[float | None, Field(strict=False)] = None


def _expanded(value: object) -> object:
    """A coupon that was not expanded, or is gone, is not known."""
    return value if isinstance(value, dict) else None


class Promotion(Part):
    """What a code gives."""

    coupon: Annotated[CouponObject | None, BeforeValidator(_expanded)] = None


class PromotionCodeObject(StripeResource):
    """https://docs.stripe.com/api/promotion_codes/object"""

    service = "promotion_codes"
    active: bool
    code: Text
    created: Moment
    expires_at: OptionalMoment = None
    max_redemptions: Count | None = None
    promotion: Promotion
    times_redeemed: Count = 0

    @property
    def is_over(self) -> bool:
        """Nobody can use it any more: its time is over, or it was used as often as it may be."""
        at: datetime | None = self.expires_at
        is_used_up = self.max_redemptions is not None and self.times_redeemed >= self.max_redemptions
        return is_used_up or (at is not None and at <= utcnow())
