"""The plans as the pricing page shows them."""

from dataclasses import dataclass

from app.account.presenters import describe_price
from app.billing.catalog.plans import Interval, Plan, Price, current_catalog
from app.billing.models.subscription import Subscription
from app.billing.payments.orders import trial_days_of


@dataclass(frozen=True)
class PlanView:
    """One card: a plan at the price of the chosen interval, and how its reader stands to it. Minor units."""

    key: str
    name: str
    tagline: str
    highlights: tuple[str, ...]
    price: Price
    monthly_equivalent: int | None
    saving: int | None
    is_recommended: bool
    is_current: bool
    owned: bool
    is_included: bool
    own_price: str | None
    trial_days: int


def plan_views(
    interval: Interval, subscription: Subscription | None = None, *, owns_for_life: bool = False
) -> list[PlanView]:
    """Every plan, priced for this interval, for a reader with this subscription."""
    views = [_view(plan, interval, subscription, owns_for_life) for plan in current_catalog().sold_plans]
    return [view for view in views if view]


def _view(plan: Plan, interval: Interval, subscription: Subscription | None, owns_for_life: bool) -> PlanView | None:
    """The card, at the plan's other price where it has none for this interval; None for a plan without prices."""
    price = plan.price(interval) or next(iter(plan.prices), None)
    if price is None:
        return None
    by_month = plan.price(Interval.MONTH)
    current = subscription.plan if subscription and not subscription.has_ended else None
    is_yearly = price.interval == Interval.YEAR
    return PlanView(
        key=plan.key,
        name=plan.name,
        tagline=plan.tagline,
        highlights=plan.highlights,
        price=price,
        monthly_equivalent=round(price.amount / 12) if is_yearly else None,
        saving=12 * by_month.amount - price.amount if is_yearly and by_month else None,
        is_recommended=plan.is_recommended,
        is_current=current is plan,
        owned=owns_for_life and not price.is_recurring,
        # Who has Pro for life has nothing to choose any more, unless a subscription still runs beside it.
        is_included=owns_for_life and price.is_recurring and current is None,
        trial_days=trial_days_of(plan.key) if price.is_recurring else 0,
        own_price=_own_price(plan, subscription) if subscription and current is plan else None,
    )


def _own_price(plan: Plan, subscription: Subscription) -> str | None:
    """What the reader pays, where that is none of the plan's prices of today."""
    of_today = {(price.amount, price.currency, price.interval) for price in plan.prices}
    if (subscription.amount, subscription.currency, subscription.interval) in of_today:
        return None
    else:
        return describe_price(subscription) or None
