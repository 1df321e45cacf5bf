"""The types of what is sold."""

from dataclasses import dataclass
from enum import StrEnum

CURRENCY = "usd"


class Role(StrEnum):
    """What a user may use; the ranks are in the order of the members."""

    FREE = "free"
    BASIC = "basic"
    PRO = "pro"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


class Interval(StrEnum):
    """How often a subscription is billed, spelled as Stripe's `recurring.interval`."""

    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True)
class Price:
    """One price of a plan: minor units and currency, billed each `interval`, or once."""

    plan_key: str
    lookup_key: str
    amount: int
    interval: Interval | None
    setting: str
    currency: str = CURRENCY

    @property
    def is_recurring(self) -> bool:
        return self.interval is not None


@dataclass(frozen=True)
class Plan:
    """Something to buy. `prices` holds one price for each interval, or a single one-time price."""

    key: str
    name: str
    role: Role
    tagline: str
    features: tuple[str, ...]
    prices: tuple[Price, ...]
    is_recommended: bool = False

    def price(self, interval: Interval | None) -> Price:
        """The price for this interval; a one-time plan has the same price whatever the interval."""
        for price in self.prices:
            if price.interval in (interval, None):
                return price
        raise LookupError(f"{self.key} has no price for {interval}")


PLANS = (
    Plan(
        key="basic",
        name="Basic",
        role=Role.BASIC,
        tagline="For getting started on your own.",
        features=("The Basic dashboard", "Your data, exportable any time", "Help by e-mail"),
        prices=(
            Price("basic", "basic_month", 900, Interval.MONTH, "stripe_price_basic"),
            Price("basic", "basic_year", 9000, Interval.YEAR, "stripe_price_basic_yearly"),
        ),
    ),
    Plan(
        key="pro",
        name="Pro",
        role=Role.PRO,
        tagline="For people who rely on it every day.",
        features=("Everything in Basic", "The Pro dashboard", "Help by e-mail within one working day"),
        prices=(
            Price("pro", "pro_month", 2900, Interval.MONTH, "stripe_price_pro"),
            Price("pro", "pro_year", 29000, Interval.YEAR, "stripe_price_pro_yearly"),
        ),
        is_recommended=True,
    ),
    Plan(
        key="lifetime",
        name="Lifetime",
        role=Role.PRO,
        tagline="Pay once, keep Pro for good.",
        features=("Everything in Pro", "One payment, no renewals"),
        prices=(Price("lifetime", "lifetime", 19900, None, "stripe_price_lifetime"),),
    ),
)
PRICES = tuple(price for plan in PLANS for price in plan.prices)
PRICES_BY_LOOKUP_KEY = {price.lookup_key: price for price in PRICES}
PLANS_BY_KEY = {plan.key: plan for plan in PLANS}


def find_plan(key: str) -> Plan | None:
    """The plan with this key, or None."""
    return PLANS_BY_KEY.get(key)
