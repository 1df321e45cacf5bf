"""Which Stripe price a plan is sold at, and under which lookup key an old one was."""

import sqlalchemy as sa
from flask import current_app

from app.billing.errors import StripeUnavailable
from app.billing.gateway import get_gateway
from app.billing.models import Order, Subscription
from app.billing.plans import PLANS_BY_KEY, PRICES, Price
from app.database import db


def remembered_lookup_key(stripe_price_id: str) -> str | None:
    """The lookup key under which a price was once sold, when the key has since moved to a newer price.

    Stripe takes the lookup key off the old price, but those who subscribed at it still pay for the same plan.
    """
    mirrored = sa.select(Subscription.lookup_key).where(
        Subscription.stripe_price_id == stripe_price_id, Subscription.lookup_key.is_not(None)
    )
    ordered = sa.select(Order).where(Order.stripe_price_id == stripe_price_id)
    lookup_key: str | None = db.session.scalar(mirrored.limit(1))
    if lookup_key is None and (order := db.session.scalar(ordered.limit(1))):
        lookup_key = next(
            p.lookup_key for p in PLANS_BY_KEY[order.plan_key].prices if p.interval in (order.interval, None)
        )
    return lookup_key


def price_id(price: Price) -> str:
    """The id of the Stripe price to sell this at: the configured one, or the active one with the lookup key.

    Raises `StripeUnavailable` when there is none: the catalogue was never pushed, or a setting is wrong.
    """
    configured: str = getattr(current_app.extensions["settings"], price.setting)
    return configured or _found_prices().get(price.lookup_key) or _find_price(price)


def _find_price(price: Price) -> str:
    gateway = get_gateway()
    params = {"lookup_keys": [known.lookup_key for known in PRICES], "active": True, "limit": 100}
    with gateway.errors():
        found = {item.lookup_key: item for item in gateway.v1.prices.list(params, gateway.options()).data}
    if price.lookup_key not in found:
        raise StripeUnavailable(f"Stripe has no price {price.lookup_key}: run `flask billing push`.")
    if found[price.lookup_key].unit_amount == price.amount:
        # A price's amount never changes; its lookup key can move, which an order's amount check will notice.
        _found_prices()[price.lookup_key] = found[price.lookup_key].id
    return str(found[price.lookup_key].id)


def forget_prices() -> None:
    """Look the prices up again at the next sale."""
    _found_prices().clear()


def _found_prices() -> dict[str, str]:
    found: dict[str, str] = current_app.extensions.setdefault("stripe_prices", {})
    return found
