"""The plans as the pricing page shows them."""

from dataclasses import dataclass

from app.account.presenters import describe_price
from app.billing.catalog.plans import PLANS, Interval, Plan, Price
from app.billing.models.subscription import Subscription


@dataclass(frozen=True)
class PlanView:
    """One card: a plan at the price of the chosen interval, and how its reader stands to it. Minor units."""

    key: str
    name: str
    tagline: str
    features: tuple[str, ...]
    price: Price
    monthly_equivalent: int | None
    saving: int | None
    is_recommended: bool
    is_current: bool
    owned: bool
    is_included: bool
    own_price: str | None


def plan_views(
    interval: Interval, subscription: Subscription | None = None, *, owns_for_life: bool = False
) -> list[PlanView]:
    """Every plan, priced for this interval, for a reader with this subscription."""
    return [_view(plan, interval, subscription, owns_for_life) for plan in PLANS]


def _view(plan: Plan, interval: Interval, subscription: Subscription | None, owns_for_life: bool) -> PlanView:
    price = plan.price(interval)
    current = subscription.plan if subscription and not subscription.has_ended else None
    is_yearly = price.interval == Interval.YEAR
    return PlanView(
        key=plan.key,
        name=plan.name,
        tagline=plan.tagline,
        features=plan.features,
        price=price,
        monthly_equivalent=round(price.amount / 12) if is_yearly else None,
        saving=12 * plan.price(Interval.MONTH).amount - price.amount if is_yearly else None,
        is_recommended=plan.is_recommended,
        is_current=current is plan,
        owned=owns_for_life and not price.is_recurring,
        # Who has Pro for life has nothing to choose any more, unless a subscription still runs beside it.
        is_included=owns_for_life and price.is_recurring and current is None,
        own_price=_own_price(plan, subscription) if subscription and current is plan else None,
    )


def _own_price(plan: Plan, subscription: Subscription) -> str | None:
    """What the reader pays, where that is none of the plan's prices of today."""
    of_today = {(price.amount, price.currency, price.interval) for price in plan.prices}
    if (subscription.amount, subscription.currency, subscription.interval) in of_today:
        return None
    else:
        return describe_price(subscription) or None
