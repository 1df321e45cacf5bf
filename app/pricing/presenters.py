"""The plans as the pricing page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app

from app.account.presenters import describe_price
from app.billing.catalog.plans import Interval, Plan, Price, Role, current_catalog, trial_days_of
from app.billing.models.payments import Order
from app.billing.models.subscription import Subscription
from app.billing.roles.decision import role_of_order
from app.languages import gettext as _
from app.templating import for_seats, money


@dataclass(frozen=True)
class PlanView:
    """One card: a plan at one of its prices, and how its reader stands to it. Amounts in minor units."""

    key: str
    name: str
    tagline: str
    highlights: tuple[str, ...]
    price: Price
    monthly_equivalent: int | None = None
    saving: int | None = None
    is_recommended: bool = False
    is_current: bool = False
    is_sold: bool = True
    owned: bool = False
    is_included: bool = False
    own_price: str | None = None
    trial_days: int = 0
    # On the reader's own plan: what the button of its form says, where there is something to change.
    switch_label: str | None = None


def intervals_on_sale() -> list[Interval]:
    """The intervals that any plan on sale has a price for: month, year, both or none."""
    found = {price.interval for plan in current_catalog().sold_plans for price in plan.prices}
    return [interval for interval in Interval if interval in found]


def currencies_on_sale() -> tuple[str, ...]:
    """The currencies that a visitor can choose from, the first being shown unprompted; one alone is no choice."""
    only: str = current_app.extensions["settings"].currency
    return (only,) if only else current_catalog().currencies


def months_free(currency: str | None = None) -> int:
    """How many months a year in one payment saves with every plan that is sold by both; 0 where they differ."""
    saved = set()
    for plan in current_catalog().sold_plans:
        sold = plan.in_currency(currency)
        by_month, by_year = sold.price(Interval.MONTH), sold.price(Interval.YEAR)
        if by_month and by_year and by_month.is_recurring:
            saved.add(divmod(_saving(by_year, by_month) or 0, by_month.amount))
    months, rest = saved.pop() if len(saved) == 1 else (0, 0)
    return months if not rest else 0


def plan_views(
    interval: Interval,
    subscription: Subscription | None = None,
    *,
    currency: str | None = None,
    owned: Sequence[Order] = (),
    given: Role | None = None,
) -> list[PlanView]:
    """A card for every plan on sale, at the price of this interval or else at the one it has; and one for the plan
    of the reader's subscription, on sale or not. `owned` are the reader's one-time orders, the highest role first,
    and `given` is what the operator has given them. Prices without an amount in `currency` are in their own.
    """
    running = subscription if subscription and not subscription.has_ended else None
    free_ranks = [role_of_order(order).rank for order in owned[:1]] + ([given.rank] if given else [])
    free_rank = max(free_ranks, default=None)
    views = [
        _view(plan.in_currency(currency), interval, running, owned, free_rank) for plan in current_catalog().sold_plans
    ]
    kept = _kept(running) if running and not any(view.is_current for view in views) else None
    return [*([kept] if kept else []), *views]


def _view(
    plan: Plan,
    interval: Interval,
    subscription: Subscription | None,
    owned: Sequence[Order],
    free_rank: int | None,
) -> PlanView:
    """`free_rank` is the highest role that the reader need not pay for any more."""
    price = plan.price(interval) or plan.prices[0]
    by_month = plan.price(Interval.MONTH)
    current = subscription.plan if subscription else None
    is_current = current is not None and current.key == plan.key
    is_yearly = price.interval == Interval.YEAR
    is_owned = any(order.plan_key == plan.key for order in owned)
    return PlanView(
        key=plan.key,
        name=_(plan.name),
        tagline=_(plan.tagline),
        highlights=tuple(map(_, plan.highlights)),
        price=price,
        monthly_equivalent=round(price.amount / 12) if is_yearly else None,
        saving=_saving(price, by_month) if is_yearly and by_month else None,
        is_recommended=plan.is_recommended,
        is_current=is_current,
        owned=is_owned,
        # What was bought for good, or given, leaves nothing to choose, unless a subscription still runs beside it.
        is_included=not is_owned and subscription is None and _is_within(plan, free_rank),
        trial_days=trial_days_of(plan) if price.is_recurring else 0,
        own_price=_own_price(plan, subscription) if subscription and is_current else None,
        switch_label=_switch_label(price, by_month, subscription) if subscription and is_current else None,
    )


def _switch_label(price: Price, by_month: Price | None, subscription: Subscription) -> str | None:
    """Offer the reader the other interval of their own plan, or other seats; None where they cannot change now."""
    is_other = price.is_recurring and (price.interval, 1) != (subscription.interval, subscription.interval_count)
    if subscription.needs_payment or not (is_other or price.per_seat):
        return None
    elif not is_other:
        return _("Change seats")
    saving = _saving(price, by_month) if price.interval == Interval.YEAR and by_month else None
    saved = (subscription.seats or 1) * saving if saving else None
    if saved:
        return _("Switch to yearly, save %(amount)s", amount=money(saved, price.currency))
    else:
        return _("Switch to yearly") if price.interval == Interval.YEAR else _("Switch to monthly")


def _saving(by_year: Price, by_month: Price) -> int | None:
    """What a year in one payment saves; None when it saves nothing, or the two cannot be compared."""
    if (by_year.currency, by_year.per_seat) != (by_month.currency, by_month.per_seat):
        return None
    return max(12 * by_month.amount - by_year.amount, 0) or None


def _is_within(plan: Plan, free_rank: int | None) -> bool:
    """Whether what was bought for good, or given, gives as much as this plan."""
    return free_rank is not None and free_rank >= current_catalog().role(plan.role).rank


def _own_price(plan: Plan, subscription: Subscription) -> str | None:
    """What the reader pays, where that is none of the plan's prices of today, or for more than one seat."""
    prices = [each for price in plan.prices for each in price.in_every_currency]
    of_today = {(price.amount, price.currency, price.interval) for price in prices}
    paid = (subscription.amount, subscription.currency, subscription.interval)
    if paid in of_today and subscription.interval_count == 1:
        return None
    return _paid(subscription)


def _paid(subscription: Subscription) -> str | None:
    price = describe_price(subscription)
    return for_seats(price, subscription.seats) if price and subscription.seats else price or None


def _kept(subscription: Subscription) -> PlanView | None:
    """The reader's own plan that is no longer sold, by the name that is remembered; None for what was never a plan."""
    is_priced = subscription.amount is not None and subscription.currency is not None
    # A card knows months and years alone; the account page says the others.
    is_priced = is_priced and subscription.interval_count == 1
    if not subscription.plan_name or not is_priced or subscription.interval not in set(Interval):
        return None
    amount, currency = subscription.amount or 0, subscription.currency or ""
    return PlanView(
        key=subscription.plan_key or "",
        name=_(subscription.plan_name),
        tagline=_("No longer on sale. It stays yours, at this price, until you leave it."),
        highlights=tuple(map(_, subscription.plan.highlights)) if subscription.plan else (),
        price=Price(amount, Interval(subscription.interval), currency=currency),
        is_current=True,
        is_sold=False,
        own_price=_paid(subscription) if subscription.seats else None,
    )
