"""A plan's product and prices in Stripe: made, repaired, replaced or archived."""

from typing import Any

from app.billing.catalog.plans import Plan, Price
from app.billing.gateway.client import StripeObject
from app.billing.gateway.objects import id_of
from app.billing.gateway.prices import StripePrice, mark, problem_with
from app.billing.setup.push_run import PushRun
from app.billing.setup.stored import Stored, is_ours, product_id_of


def push_plan(run: PushRun, plan: Plan, stored: Stored) -> dict[Price, StripeObject]:
    """Make Stripe sell this plan; the Stripe price of each of its prices."""
    product = _push_product(run, plan, stored.products.get(plan.key))
    sold = {}
    for price in plan.prices:
        pinned = stored.configured.get(price.setting)
        sold[price] = _keep_pinned(run, price, pinned) if pinned else _push_price(run, price, product, stored)
        run.price_ids[price.setting] = sold[price]["id"]
    return sold


def retire_plan(run: PushRun, plan: Plan, stored: Stored) -> None:
    """Archive the prices of a plan that is no longer sold: who has it keeps it, and nobody else can buy it."""
    for price in plan.prices:
        holder = stored.holders.get(price.lookup_key)
        if holder and StripePrice.model_validate(holder).is_ours:
            _archive(run, f"price {price.lookup_key}, no longer sold,", holder, instead=None)


def _push_product(run: PushRun, plan: Plan, current: StripeObject | None) -> StripeObject:
    wanted: dict[str, Any] = {
        "name": f"{run.settings.app_name} {plan.name}",
        "active": True,
        "metadata": mark(plan.key),
    }
    if plan.tagline:
        # Stripe takes no empty description.
        wanted["description"] = plan.tagline
    action = "updated" if current is None or is_ours(current) else "adopted"
    only_new = {"id": product_id_of(plan)}
    return run.ensure("product", run.gateway.v1.products, current, wanted, only_new=only_new, action=action)


def _push_price(run: PushRun, price: Price, product: StripeObject, stored: Stored) -> StripeObject:
    """The price with the lookup key: an amount never changes, so another amount is another price."""
    others = _others(price, product, stored)
    current = next((other for other in others if _fits(price, product, other)), None)
    wanted: dict[str, Any] = {
        "active": True,
        "nickname": price.lookup_key,
        "lookup_key": price.lookup_key,
        "metadata": mark(price.plan_key),
    }
    if price.currency_options:
        options = price.currency_options.items()
        wanted["currency_options"] = {currency: {"unit_amount": amount} for currency, amount in options}
    only_new: dict[str, Any] = {"product": product["id"], "currency": price.currency, "unit_amount": price.amount}
    if price.interval:
        only_new["recurring"] = {"interval": price.interval.value}
    sold = run.ensure(
        f"price {price.lookup_key}",
        run.gateway.v1.prices,
        current,
        wanted,
        only_new=only_new,
        along={"transfer_lookup_key": True},
        before=[other["id"] for other in others],
        action="updated" if current is None or StripePrice.model_validate(current).is_ours else "adopted",
    )
    for old in others:
        if old["id"] != sold["id"]:
            # Nobody buys at the old price from now on; those who did keep it.
            _archive(run, f"old price {price.lookup_key}", old, instead=sold)
    run.price_problems |= {each.label: None for each in price.in_every_currency}
    return sold


def _others(price: Price, product: StripeObject, stored: Stored) -> list[StripeObject]:
    """What is or was sold for this price: the one with its lookup key, then ours for the same interval.

    Ours is found also when somebody archived it in Stripe's dashboard, or gave its lookup key to another.
    """
    holder = stored.holders.get(price.lookup_key)
    ours = [
        known
        for known in stored.of_product.get(product["id"], [])
        if known["metadata"].items() >= mark(price.plan_key).items()
        and (known["recurring"] or {}).get("interval") == price.interval
        and not (holder and known["id"] == holder["id"])
    ]
    return [holder, *ours] if holder else ours


def _fits(price: Price, product: StripeObject, other: StripeObject) -> bool:
    """Whether it is the product's and charges what the catalogue says; an amount in a further currency can be added."""
    found = StripePrice.model_validate(other)
    known = [each for each in price.in_every_currency if not each.is_option or found.amount_in(each.currency)]
    return id_of(other["product"]) == product["id"] and all(found.charges(each) for each in known)


def _archive(run: PushRun, kind: str, old: StripeObject, *, instead: StripeObject | None) -> None:
    product = old["product"]
    if old["active"] and product.get("default_price") == old["id"]:
        # Stripe keeps a product's default price on sale.
        if instead is None or id_of(instead["product"]) != product["id"]:
            run.warnings.append(f"{old['id']} is its product's default price, which Stripe does not archive.")
            return
        run.ensure("product", run.gateway.v1.products, product, {"default_price": instead["id"]})
    run.ensure(kind, run.gateway.v1.prices, old, {"active": False}, action="archived")


def _keep_pinned(run: PushRun, price: Price, pinned: StripeObject) -> StripeObject:
    run.tell("unchanged", f"price {price.lookup_key}, named by {price.setting}", pinned["id"])
    for each in price.in_every_currency:
        problem = problem_with(each, StripePrice.model_validate(pinned), price.setting)
        run.price_problems[each.label] = problem
        if problem:
            run.warnings.append(f"Nothing is sold at the price {each.label}, which {problem}.")
    return pinned
