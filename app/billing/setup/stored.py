"""What Stripe has of the catalogue, looked at before anything is changed, and whether it is ours to change."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.billing.catalog.plans import Plan, Price, current_catalog
from app.billing.errors import StripeObjectMissing
from app.billing.gateway.client import StripeObject
from app.billing.gateway.prices import StripePrice, StripeProduct, configured_price
from app.billing.setup.prices import EXPANDED, stored_prices
from app.billing.setup.push_run import PushRefused, PushRun


@dataclass
class Stored:
    """Products by plan; prices by lookup key, by product, and by the setting that names them."""

    products: dict[str, StripeObject] = field(default_factory=dict)
    holders: dict[str, StripeObject] = field(default_factory=dict)
    of_product: dict[str, list[StripeObject]] = field(default_factory=dict)
    configured: dict[str, StripeObject] = field(default_factory=dict)


def look_up(run: PushRun) -> Stored:
    """What is there now. Raises `PushRefused` when a setting names a price that Stripe does not have."""
    stored = Stored(holders=stored_prices(run.gateway, run.scope))
    for plan in current_catalog().plans:
        if product := _product_of(run, plan, stored.holders):
            stored.products[plan.key] = product
            stored.of_product[product["id"]] = _prices_of(run, product["id"])
        for price in plan.prices:
            if found := _configured(run, price):
                stored.configured[price.setting] = found
    return stored


def refuse_what_is_not_ours(stored: Stored) -> None:
    """Raise `PushRefused` when another application made a price or product that a push would change."""
    if foreign := list(_foreign(stored)):
        raise PushRefused(
            f"Not made by this site: {', '.join(foreign)}. Nothing was changed. Give the catalogue another slug, "
            "or take them over with `flask billing push --adopt`."
        )


def product_id_of(plan: Plan) -> str:
    """The id that the plan's product is given: our own choice, so that a push that was cut off finds it again."""
    return f"{current_catalog().slug}_{plan.key}"


def is_ours(product: StripeObject) -> bool:
    """Whether a product has our mark."""
    return StripeProduct.model_validate(product).is_ours


def _foreign(stored: Stored) -> Iterator[str]:
    for plan in current_catalog().sold_plans:
        product = stored.products.get(plan.key)
        if product and not is_ours(product):
            yield f"product {product['id']}"
        for price in plan.prices:
            holder = stored.holders.get(price.lookup_key)
            if holder and not StripePrice.model_validate(holder).is_ours:
                yield f"price {holder['id']} ({price.lookup_key})"


def _product_of(run: PushRun, plan: Plan, holders: dict[str, StripeObject]) -> StripeObject | None:
    """The plan's product: the one with our id, or else that of a price under the plan's lookup key."""
    if not plan.prices:
        return None
    try:
        with run.gateway.errors():
            found: StripeObject = run.gateway.v1.products.retrieve(
                product_id_of(plan), {}, run.scope.options()
            ).to_dict()
            return found
    except StripeObjectMissing:
        return next((holders[p.lookup_key]["product"] for p in plan.prices if p.lookup_key in holders), None)


def _prices_of(run: PushRun, product_id: str) -> list[StripeObject]:
    params = {"product": product_id, "limit": 100, "expand": EXPANDED}
    with run.gateway.errors():
        pages = run.gateway.v1.prices.list(params, run.scope.options()).auto_paging_iter()
        return [price.to_dict() for price in pages]


def _configured(run: PushRun, price: Price) -> StripeObject | None:
    found = configured_price(run.gateway, run.settings, price, run.scope)
    if found is None and price.setting in run.settings.stripe_price_ids:
        price_id = run.settings.stripe_price_ids[price.setting]
        raise PushRefused(f"{price.setting}: Stripe has no price {price_id} under this key.")
    return found
