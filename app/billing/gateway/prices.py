"""Which Stripe price a plan is sold at, and under which lookup key an old one was."""

from flask import current_app

from app.billing.catalog.plans import Price, current_catalog
from app.billing.errors import StripeUnavailable
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import get_gateway


def price_id(price: Price, scope: StripeScope) -> str:
    """The id of the Stripe price to sell this at: the configured one, or the active one with the lookup key.

    Raises `StripeUnavailable` when there is none: the catalogue was never pushed, or a setting is wrong.
    """
    configured: str | None = current_app.extensions["settings"].stripe_price_ids.get(price.setting)
    return configured or _found_prices().get((scope, price.lookup_key)) or _find_price(price, scope)


def _find_price(price: Price, scope: StripeScope) -> str:
    gateway = get_gateway()
    params = {"lookup_keys": [known.lookup_key for known in current_catalog().prices], "active": True, "limit": 100}
    with gateway.errors():
        found = {item.lookup_key: item for item in gateway.v1.prices.list(params, scope.options()).data}
    if price.lookup_key not in found:
        raise StripeUnavailable(f"Stripe has no price {price.lookup_key}: run `flask billing push`.")
    if found[price.lookup_key].unit_amount == price.amount:
        # A price's amount never changes; its lookup key can move, which an order's amount check will notice.
        _found_prices()[scope, price.lookup_key] = found[price.lookup_key].id
    return str(found[price.lookup_key].id)


def forget_prices() -> None:
    """Look the prices up again at the next sale."""
    _found_prices().clear()


def _found_prices() -> dict[tuple[StripeScope, str], str]:
    """The ids by account, mode and lookup key: each account has prices of its own."""
    found: dict[tuple[StripeScope, str], str] = current_app.extensions.setdefault("stripe_prices", {})
    return found
