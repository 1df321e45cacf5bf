"""Put the plan catalogue into Stripe; run twice, the second changes nothing."""

from app.billing.catalog.plans import Plan, Price, current_catalog
from app.billing.errors import StripeObjectMissing
from app.billing.gateway.account import current_scope
from app.billing.gateway.client import StripeGateway, StripeObject
from app.billing.gateway.prices import forget_prices
from app.billing.portal import configuration as portal_configuration
from app.billing.setup import webhook_endpoint
from app.billing.setup.prices import configured_price, price_matches, stored_prices
from app.billing.setup.push_run import PushRun
from app.config.settings import Settings


def push_catalogue(gateway: StripeGateway, settings: Settings) -> PushRun:
    """Create or update products, prices, the portal configuration and the webhook endpoint. Commits."""
    scope = current_scope()
    run = PushRun(gateway, settings, scope)
    stored = stored_prices(gateway, scope)
    offered: dict[str, list[str]] = {}
    for plan in current_catalog().plans:
        product_id = _push_product(run, plan, stored)
        for price in plan.prices:
            sold = _push_price(run, price, product_id, stored.get(price.lookup_key))
            run.price_ids[price.setting] = sold["id"]
            if price.is_recurring:
                offered.setdefault(sold["product"], []).append(sold["id"])
    _push_portal(run, offered)
    webhook_endpoint.push(run)
    forget_prices()
    return run


def _push_portal(run: PushRun, offered: dict[str, list[str]]) -> None:
    current = portal_configuration.find(run.gateway, run.scope)
    only_existing = {} if current is None else {"active": True}
    wanted = portal_configuration.wanted(run.settings, offered) | only_existing
    run.ensure("portal configuration", run.gateway.v1.billing_portal.configurations, current, wanted)


def _push_product(run: PushRun, plan: Plan, stored: dict[str, StripeObject]) -> str:
    gateway = run.gateway
    # A price that somebody made under our lookup key keeps its product: prices cannot move. Otherwise the id
    # is our own choice, so that a push that was cut off finds its product again.
    known = [stored[price.lookup_key]["product"] for price in plan.prices if price.lookup_key in stored]
    product_id = str(known[0]) if known else f"{current_catalog().slug}_{plan.key}"
    try:
        with gateway.errors():
            current = gateway.v1.products.retrieve(product_id, options=run.scope.options()).to_dict()
    except StripeObjectMissing:
        current = None
    wanted = {
        "name": f"{run.settings.app_name} {plan.name}",
        "description": plan.tagline,
        "active": True,
        "metadata": {"plan": plan.key},
    }
    run.ensure("product", gateway.v1.products, current, wanted, only_new={"id": product_id})
    return product_id


def _push_price(run: PushRun, price: Price, product_id: str, stored: StripeObject | None) -> StripeObject:
    configured = configured_price(run.gateway, run.settings, price, run.scope)
    if configured is not None:
        _tell_of_configured(run, price, configured)
        return configured
    replaced = stored if stored is not None and not price_matches(price, stored) else None
    wanted = {
        "active": True,
        "nickname": price.lookup_key,
        "metadata": {"plan": price.plan_key},
    }
    only_new = {
        "product": product_id,
        "currency": price.currency,
        "unit_amount": price.amount,
        "lookup_key": price.lookup_key,
        "transfer_lookup_key": True,
    }
    if price.interval:
        only_new["recurring"] = {"interval": price.interval.value}
    current = None if replaced else stored
    sold = run.ensure(f"price {price.lookup_key}", run.gateway.v1.prices, current, wanted, only_new)
    if replaced:
        # Nobody buys at the old price from now on; those who did keep it.
        run.ensure(
            f"old price {price.lookup_key}",
            run.gateway.v1.prices,
            replaced,
            {"active": False},
        )
    return sold


def _tell_of_configured(run: PushRun, price: Price, configured: StripeObject) -> None:
    run.tell(
        "unchanged",
        f"price {price.lookup_key}, named by {price.setting}",
        configured["id"],
    )
    if not price_matches(price, configured):
        run.warnings.append(
            f"{price.setting} names a price whose amount, currency or interval is not the "
            "catalogue's: what is paid at it is mismatched. Change the setting, or leave it empty."
        )
