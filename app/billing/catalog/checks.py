"""What is wrong with a catalogue, in words: each problem names the plan or role and the field."""

import re
from collections.abc import Iterable, Iterator

from app.billing.catalog.plans import LARGEST_AMOUNT, Catalog, Plan, Price, Role

# A plan's key stands in lookup keys, addresses and the names of settings; the columns that keep keys have 32 letters.
KEY = re.compile(r"[a-z][a-z0-9_]{0,29}")
CURRENCY = re.compile(r"[a-z]{3}")
LONGEST_TRIAL_DAYS = 730
LONGEST_NAME = 100
HIGHEST_RANK = 1_000_000
AMOUNT = f"must be a whole number of the smallest unit, from 1 to {LARGEST_AMOUNT}"


def problems_with_catalog(catalog: Catalog) -> list[str]:
    """Every problem, one line each; empty for a catalogue that can be sold from."""
    if problems := [*_of_keys(catalog)]:
        # The other rules look things up by these keys.
        return problems
    return [
        *_of_whole(catalog),
        *(line for role in catalog.roles for line in _of_role(role)),
        *(line for plan in catalog.plans for line in _of_plan(catalog, plan)),
    ]


def _of_keys(catalog: Catalog) -> Iterator[str]:
    named = [("slug", catalog.slug)]
    named += [(f"role {role.key!r}: key", role.key) for role in catalog.roles]
    named += [(f"plan {plan.key!r}: key", plan.key) for plan in catalog.plans]
    for where, key in named:
        if not isinstance(key, str) or not KEY.fullmatch(key):
            yield f"{where}: must be lower-case letters, digits and _, at most 30, the first a letter"
    yield from _repeated((f"role {role.key}: key", role.key, f"role {role.key}") for role in catalog.roles)
    yield from _repeated((f"plan {plan.key}: key", plan.key, f"plan {plan.key}") for plan in catalog.plans)
    if not catalog.roles:
        yield "roles: there must be at least one, which everybody has"


def _of_whole(catalog: Catalog) -> Iterator[str]:
    if not _is_currency(catalog.currency):
        yield f"currency: {catalog.currency!r} must be three lower-case letters, such as 'eur'"
    yield from _repeated((f"role {role.key}: rank", role.rank, f"role {role.key}") for role in catalog.roles)
    free = [plan.key for plan in catalog.plans if plan.is_free]
    for key in free[1:]:
        yield f"plan {key}: prices: are missing; one plan alone can be without, and plan {free[0]} is"
    yield from _of_currencies(catalog)
    yield from _meeting(catalog, "lookup_key")
    yield from _meeting(catalog, "setting")


def _meeting(catalog: Catalog, name: str) -> Iterator[str]:
    """Two plans can meet in a name: `pro_yearly` paid by the month, and `pro` paid by the year."""
    first: dict[str, str] = {}
    for price in catalog.prices:
        value = getattr(price, name)
        owner = first.setdefault(value, price.plan_key)
        if owner != price.plan_key:
            yield f"plan {price.plan_key}: prices: {_kind(price)}: {value} is also that of plan {owner}"


def _of_role(role: Role) -> Iterator[str]:
    where = f"role {role.key}"
    yield from _of_name(role.name, where)
    if type(role.rank) is not int or not 0 <= role.rank <= HIGHEST_RANK:
        yield f"{where}: rank: must be a whole number from 0 to {HIGHEST_RANK}"


def _of_plan(catalog: Catalog, plan: Plan) -> Iterator[str]:
    where = f"plan {plan.key}"
    yield from _of_name(plan.name, where)
    if not catalog.has_role(plan.role):
        yield f"{where}: role: the catalogue has no role {plan.role!r}"
    elif plan.is_free != (catalog.role(plan.role) == catalog.lowest_role):
        yield f"{where}: role: {_role_and_price(plan, catalog)}"
    for feature in plan.features:
        if feature not in catalog.features:
            yield f"{where}: features: {feature!r} is not among the catalogue's features"
    yield from _of_limits(catalog, plan, where)
    yield from _of_trial(plan, where)
    if plan.is_one_time and len(plan.prices) > 1:
        yield f"{where}: prices: a plan paid once has that one price alone; make the other a plan of its own"
    for price in plan.prices:
        yield from _of_price(plan, price)


def _role_and_price(plan: Plan, catalog: Catalog) -> str:
    if plan.is_free:
        return f"a plan without prices gives the lowest role, {catalog.lowest_role.key!r}; or prices are missing"
    else:
        return f"{plan.role!r} is the lowest role, which everybody has; a plan that is paid for gives a higher one"


def _of_name(name: object, where: str) -> Iterator[str]:
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        yield f"{where}: name: must be from 1 to {LONGEST_NAME} letters long"


def _of_limits(catalog: Catalog, plan: Plan, where: str) -> Iterator[str]:
    for name, most in plan.limits.items():
        if name not in catalog.limits:
            yield f"{where}: limits: {name!r} is not among the catalogue's limits"
        if most is not None and (type(most) is not int or most < 0):
            yield f"{where}: limits: {name!r} must be a whole number from 0 up, or None for no limit"


def _of_trial(plan: Plan, where: str) -> Iterator[str]:
    days = plan.trial_days
    if days is None:
        return
    if type(days) is not int or not 0 <= days <= LONGEST_TRIAL_DAYS:
        yield f"{where}: trial_days: must be a whole number from 0 to {LONGEST_TRIAL_DAYS}, or None"
    elif days and (plan.is_one_time or plan.is_free):
        yield f"{where}: trial_days: only a subscription has a trial"


def _of_price(plan: Plan, price: Price) -> Iterator[str]:
    what = f"plan {plan.key}: prices: {_kind(price)}"
    if next(one for one in plan.prices if one.interval == price.interval) is not price:
        yield f"{what}: there is another price for the same interval"
    if price.per_seat != plan.prices[0].per_seat:
        yield f"{what}: per_seat: all prices of a plan are by the seat, or none: the portal asks for seats by plan"
    if not _is_amount(price.amount):
        yield f"{what}: amount: {AMOUNT}"
    if not _is_currency(price.currency):
        yield f"{what}: currency: {price.currency!r} must be three lower-case letters, such as 'eur'"
    for currency, amount in price.currency_options.items():
        if not _is_currency(currency):
            yield f"{what}: currency_options: {currency!r} must be three lower-case letters, such as 'eur'"
        elif currency == price.currency:
            yield f"{what}: currency_options: {currency!r} is the currency of the price itself"
        if not _is_amount(amount):
            yield f"{what}: currency_options: {currency!r}: {AMOUNT}"


def _of_currencies(catalog: Catalog) -> Iterator[str]:
    """A visitor chooses one currency for the whole page, so what has options at all has the same ones everywhere."""
    prices = catalog.sold_prices
    if not any(price.currency_options for price in prices):
        return
    known = {price: {each.currency for each in price.in_every_currency} for price in prices}
    for price, currencies in known.items():
        if missing := sorted(set().union(*known.values()) - currencies):
            what = f"plan {price.plan_key}: prices: {_kind(price)}"
            yield f"{what}: currency_options: {', '.join(missing)} is missing, which other prices have"


def _kind(price: Price) -> str:
    return price.interval.value if price.interval else "once"


def _is_amount(amount: object) -> bool:
    return type(amount) is int and 0 < amount <= LARGEST_AMOUNT


def _is_currency(text: object) -> bool:
    return isinstance(text, str) and CURRENCY.fullmatch(text) is not None


def _repeated(places: Iterable[tuple[str, object, str]]) -> Iterator[str]:
    """A line for each place whose value is already that of another: where it stands, the value, whose it is."""
    first: dict[object, str] = {}
    for where, value, owner in places:
        if value in first:
            yield f"{where}: {value} is also that of {first[value]}"
        first.setdefault(value, owner)
