"""Which plan a Stripe price buys."""

from flask import current_app

from app.billing.plans import PLANS_BY_KEY, PRICES, PRICES_BY_LOOKUP_KEY, Plan, Price


def plan_of(stripe_price_id: str | None, lookup_key: str | None) -> Plan | None:
    """The plan that this price buys, by the configured price id or else by lookup key; None if no plan knows it."""
    price = _configured().get(stripe_price_id or "") or PRICES_BY_LOOKUP_KEY.get(lookup_key or "")
    return PLANS_BY_KEY[price.plan_key] if price else None


def _configured() -> dict[str, Price]:
    settings = current_app.extensions["settings"]
    known: dict[str, Price] | None = current_app.extensions.get("configured_prices")
    if known is None:
        known = {getattr(settings, price.setting): price for price in PRICES if getattr(settings, price.setting)}
        current_app.extensions["configured_prices"] = known
    return known
