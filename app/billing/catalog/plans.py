"""The types of what is sold: roles, plans, prices, and the catalogue that holds them.

What a site sells stands in `app/catalog.py`; `checks` says what is wrong with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from flask import current_app

MOST_SEATS = 10_000
# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts: eight digits.
LARGEST_AMOUNT = 99_999_999


class Interval(StrEnum):
    """How often a subscription is billed, spelled as Stripe's `recurring.interval`."""

    MONTH = "month"
    YEAR = "year"


class Role(NamedTuple):
    """What a user may use: a higher rank may use all that a lower one may."""

    key: str
    name: str
    rank: int


@dataclass(frozen=True)
class Price:
    """One price of a plan: minor units of `currency`, billed each `interval`, or once; per seat, or whole.

    `monthly`, `yearly` and `once` make it; the catalogue adds the plan's key, the currency and the lookup key.
    `currency_options` are the amounts in other currencies, each in its own minor units; `option_of` is the price
    itself, where this is the price in one of them.
    """

    amount: int
    interval: Interval | None
    per_seat: bool = False
    currency: str = ""
    plan_key: str = ""
    lookup_key: str = ""
    currency_options: Mapping[str, int] = field(default_factory=dict, hash=False)
    option_of: "Price | None" = None

    def __post_init__(self) -> None:
        _require_mappings("a price", self, "currency_options")

    def in_currency(self, currency: str) -> "Price | None":
        """The same price as it is sold in this currency; None where it has no amount in it."""
        own = self.option_of or self
        if currency == own.currency:
            return own
        amount = own.currency_options.get(currency)
        if amount is None:
            return None
        return replace(own, amount=amount, currency=currency, currency_options={}, option_of=own)

    @property
    def is_option(self) -> bool:
        """Whether it is a price in another currency than its own."""
        return self.option_of is not None

    @property
    def in_every_currency(self) -> tuple["Price", ...]:
        """The price in each currency that it is sold in, its own first."""
        own = self.option_of or self
        found = (own.in_currency(currency) for currency in (own.currency, *own.currency_options))
        return tuple(price for price in found if price)

    @property
    def label(self) -> str:
        """What the operator is told it is: `acme_pro_month`, or `acme_pro_month in EUR`."""
        return f"{self.lookup_key} in {self.currency.upper()}" if self.is_option else self.lookup_key

    @property
    def is_recurring(self) -> bool:
        return self.interval is not None

    @property
    def most_seats(self) -> int:
        """How many seats can be bought at once: 10,000, or as many as Stripe can charge for."""
        return min(MOST_SEATS, LARGEST_AMOUNT // self.amount) if self.per_seat else 1

    @property
    def setting(self) -> str:
        """The setting that can name the Stripe price to sell this at: `STRIPE_PRICE_PRO_YEARLY`."""
        suffix = "_YEARLY" if self.interval == Interval.YEAR else ""
        return f"STRIPE_PRICE_{self.plan_key.upper()}{suffix}"


def monthly(
    amount: int, *, per_seat: bool = False, currency: str = "", currency_options: Mapping[str, int] | None = None
) -> Price:
    """A price billed each month; the currency is the catalogue's unless given."""
    return Price(amount, Interval.MONTH, per_seat, currency, currency_options=currency_options or {})


def yearly(
    amount: int, *, per_seat: bool = False, currency: str = "", currency_options: Mapping[str, int] | None = None
) -> Price:
    """A price billed each year; the currency is the catalogue's unless given."""
    return Price(amount, Interval.YEAR, per_seat, currency, currency_options=currency_options or {})


def once(amount: int, *, currency: str = "", currency_options: Mapping[str, int] | None = None) -> Price:
    """A price paid a single time, for good; the currency is the catalogue's unless given."""
    return Price(amount, None, False, currency, currency_options=currency_options or {})


@dataclass(frozen=True)
class Plan:
    """Something to have: a role with features and limits, for one price each interval, once, or for nothing.

    A limit that is not named, or is None, does not exist. `trial_days` is None where the setting TRIAL_DAYS decides.
    Without `trial_needs_card` a trial begins with no card, and where none was added the subscription ends with it.
    A plan with `is_sold` false is no longer offered: who has it keeps it, at its price, until they leave.
    """

    key: str
    name: str
    role: str
    tagline: str = ""
    highlights: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    limits: Mapping[str, int | None] = field(default_factory=dict)
    prices: tuple[Price, ...] = ()
    trial_days: int | None = None
    trial_needs_card: bool = True
    is_sold: bool = True
    is_recommended: bool = False

    def __post_init__(self) -> None:
        _require_tuples(f"plan {self.key}", self, highlights=str, features=str, prices=Price)
        _require_mappings(f"plan {self.key}", self, "limits")

    @property
    def is_free(self) -> bool:
        """Whether it costs nothing: everybody has it who has nothing else."""
        return not self.prices

    @property
    def is_one_time(self) -> bool:
        """Whether it is paid once, for good."""
        return any(not price.is_recurring for price in self.prices)

    def in_currency(self, currency: str | None) -> "Plan":
        """The plan with its prices in this currency, where they have an amount in it."""
        return replace(self, prices=tuple(price.in_currency(currency or "") or price for price in self.prices))

    def price(self, interval: Interval | None) -> Price | None:
        """The price for this interval, or None; a one-time plan has the same price whatever the interval."""
        return next((price for price in self.prices if price.interval in (interval, None)), None)


@dataclass(frozen=True)
class Catalog:
    """Everything that is sold. `slug` begins every lookup key and product id, so that they are ours alone.

    `features` and `limits` give each name that a plan may use its words for the pages.
    """

    slug: str
    currency: str
    roles: tuple[Role, ...]
    plans: tuple[Plan, ...]
    features: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_tuples("the catalogue", self, roles=Role, plans=Plan)
        _require_mappings("the catalogue", self, "features", "limits")
        object.__setattr__(self, "plans", tuple(self._with_keys(plan) for plan in self.plans))

    def _with_keys(self, plan: Plan) -> Plan:
        return replace(plan, prices=tuple(self._with_key(plan, price) for price in plan.prices))

    def _with_key(self, plan: Plan, price: Price) -> Price:
        interval = f"_{price.interval.value}" if price.interval else ""
        lookup_key = f"{self.slug}_{plan.key}{interval}"
        return replace(price, plan_key=plan.key, lookup_key=lookup_key, currency=price.currency or self.currency)

    @property
    def prices(self) -> tuple[Price, ...]:
        """Every price of every plan."""
        return tuple(price for plan in self.plans for price in plan.prices)

    @property
    def sold_plans(self) -> tuple[Plan, ...]:
        """The plans that can be bought."""
        return tuple(plan for plan in self.plans if plan.is_sold and plan.prices)

    @property
    def sold_prices(self) -> tuple[Price, ...]:
        """Every price at which something can be bought."""
        return tuple(price for plan in self.sold_plans for price in plan.prices)

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies in which everything on sale can be bought; the first is that of the first price."""
        sold = [[each.currency for each in price.in_every_currency] for price in self.sold_prices]
        return tuple(code for code in sold[0] if all(code in codes for codes in sold)) if sold else ()

    @property
    def free_plan(self) -> Plan | None:
        """What everybody has who has nothing else, if the catalogue has such a plan."""
        return next((plan for plan in self.plans if plan.is_free), None)

    @property
    def lowest_role(self) -> Role:
        """The role of somebody who has paid for nothing."""
        return min(self.roles, key=lambda role: role.rank)

    @property
    def granted_roles(self) -> tuple[Role, ...]:
        """The roles that somebody can be given: all but the lowest."""
        return tuple(role for role in self.roles if role != self.lowest_role)

    def plan(self, key: str | None) -> Plan | None:
        """The plan with this key, or None."""
        return next((plan for plan in self.plans if plan.key == key), None)

    def plan_name(self, key: str) -> str:
        """What the plan is called; one that has gone from the catalogue is called by its key."""
        plan = self.plan(key)
        return plan.name if plan else key.replace("_", " ").capitalize()

    def price_of(self, lookup_key: str | None) -> Price | None:
        """The price with this lookup key, or None."""
        return next((price for price in self.prices if price.lookup_key == lookup_key), None)

    def is_per_seat(self, plan_key: str, interval: str | None) -> bool:
        """Whether this plan's price for the interval is counted by the seat."""
        plan = self.plan(plan_key)
        price = plan.price(Interval(interval) if interval else None) if plan else None
        return price is not None and price.per_seat

    def role(self, key: str, remembered_rank: int = 0) -> Role:
        """The role with this key; one that has gone from the catalogue keeps the rank that is remembered of it."""
        known = next((role for role in self.roles if role.key == key), None)
        return known or Role(key, key.replace("_", " ").capitalize(), remembered_rank)

    def has_role(self, key: str) -> bool:
        """Whether the catalogue has a role with this key."""
        return any(role.key == key for role in self.roles)

    def plans_giving(self, role: Role) -> tuple[Plan, ...]:
        """The plans on sale whose role is at least this one."""
        return tuple(plan for plan in self.sold_plans if self.role(plan.role).rank >= role.rank)


def _require_tuples(what: str, of: object, **kinds: type) -> None:
    """Raise `TypeError` for a field that is no tuple of its kind: the comma is missing in `(monthly(900))`."""
    for name, kind in kinds.items():
        value = getattr(of, name)
        if not isinstance(value, tuple) or not all(isinstance(one, kind) for one in value):
            raise TypeError(f"{what}: {name}: must be a tuple of {kind.__name__}, with a comma after a single one too")


def _require_mappings(what: str, of: object, *names: str) -> None:
    for name in names:
        if not isinstance(getattr(of, name), Mapping):
            raise TypeError(f"{what}: {name}: must be a dictionary")


def seats_in(text: str) -> int | None:
    """The number of seats that somebody asked for, 1 to 10,000; None for anything else."""
    seats = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MOST_SEATS)) else 0
    return seats if 1 <= seats <= MOST_SEATS else None


def trial_days_of(plan: Plan) -> int:
    """The days of free trial that the plan offers, or else the setting TRIAL_DAYS."""
    days: int = current_app.extensions["settings"].trial_days
    return days if plan.trial_days is None else plan.trial_days


def current_catalog() -> Catalog:
    """The catalogue of the current application."""
    catalog: Catalog = current_app.extensions["catalog"]
    return catalog
