"""What is wrong with a catalogue, in words: each problem names the plan and the field."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from app.billing.catalog.plans import Catalog, Plan, Price, Role

# A plan's key stands in lookup keys, addresses and the names of settings.
KEY = re.compile(r"[a-z][a-z0-9_]{0,29}")
CURRENCY = re.compile(r"[a-z]{3}")
# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts: eight digits.
LARGEST_AMOUNT = 99_999_999
LONGEST_TRIAL_DAYS = 730


def problems_with_catalog(catalog: Catalog) -> list[str]:
    """Every problem, one line each; empty for a catalogue that can be sold from."""
    return [*_of_whole(catalog), *(line for plan in catalog.plans for line in _of_plan(catalog, plan))]


def _of_whole(catalog: Catalog) -> Iterator[str]:
    if not _is_key(catalog.slug):
        yield f"slug: {catalog.slug!r} must be lower-case letters, digits and _, at most 30"
    if not _is_currency(catalog.currency):
        yield f"currency: {catalog.currency!r} must be three lower-case letters, such as 'eur'"
    if not catalog.roles:
        yield "roles: there must be at least one"
    yield from _repeated("roles: the key", [role.key for role in catalog.roles])
    yield from _repeated("roles: the rank", [role.rank for role in catalog.roles])
    yield from _repeated("plans: the key", [plan.key for plan in catalog.plans])
    yield from _repeated("plans: the lookup key", [price.lookup_key for price in catalog.prices])
    yield from _repeated("plans: the setting", [price.setting for price in catalog.prices])
    for role in catalog.roles:
        yield from _of_role(role)
    if len([plan for plan in catalog.plans if plan.is_free]) > 1:
        yield "plans: at most one can be without prices"


def _of_role(role: Role) -> Iterator[str]:
    if not _is_key(role.key):
        yield f"role {role.key!r}: key: must be lower-case letters, digits and _, at most 30"
    if type(role.rank) is not int or role.rank < 0:
        yield f"role {role.key}: rank: must be a whole number from 0 up"


def _of_plan(catalog: Catalog, plan: Plan) -> Iterator[str]:
    where = f"plan {plan.key}"
    if not _is_key(plan.key):
        yield f"plan {plan.key!r}: key: must be lower-case letters, digits and _, at most 30"
    if not isinstance(plan.name, str) or not plan.name.strip():
        yield f"{where}: name: is missing"
    if not catalog.has_role(plan.role):
        yield f"{where}: role: the catalogue has no role {plan.role!r}"
    elif plan.is_free != (catalog.role(plan.role) == catalog.lowest_role) and catalog.roles:
        yield f"{where}: role: {_role_and_price(plan, catalog)}"
    for feature in plan.features:
        if feature not in catalog.features:
            yield f"{where}: features: {feature!r} is not among the catalogue's features"
    yield from _of_limits(catalog, plan, where)
    yield from _of_trial(plan, where)
    yield from _repeated(f"{where}: prices: the interval", [price.interval for price in plan.prices])
    if plan.is_one_time and len(plan.prices) > 1:
        yield f"{where}: prices: a plan paid once has that one price alone; make the other a plan of its own"
    for price in plan.prices:
        yield from _of_price(price, where)


def _role_and_price(plan: Plan, catalog: Catalog) -> str:
    if plan.is_free:
        return f"a plan without prices gives the lowest role, {catalog.lowest_role.key!r}; or prices are missing"
    else:
        return f"{plan.role!r} is the lowest role, which everybody has; a plan that is paid for gives a higher one"


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
        yield f"{where}: trial_days: must be from 0 to {LONGEST_TRIAL_DAYS}"
    elif days and (plan.is_one_time or plan.is_free):
        yield f"{where}: trial_days: only a subscription has a trial"


def _of_price(price: Price, where: str) -> Iterator[str]:
    what = f"{where}: prices: {price.interval or 'once'}"
    if type(price.amount) is not int or not 0 < price.amount <= LARGEST_AMOUNT:
        yield f"{what}: amount: must be a whole number of the smallest unit, from 1 to {LARGEST_AMOUNT}"
    if not _is_currency(price.currency):
        yield f"{what}: currency: {price.currency!r} must be three lower-case letters, such as 'eur'"


def _is_key(text: object) -> bool:
    return isinstance(text, str) and KEY.fullmatch(text) is not None


def _is_currency(text: object) -> bool:
    return isinstance(text, str) and CURRENCY.fullmatch(text) is not None


def _repeated(what: str, values: Sequence[object]) -> Iterator[str]:
    for value, count in Counter(values).items():
        if count > 1:
            yield f"{what} {value or 'once'} is used {count} times"
