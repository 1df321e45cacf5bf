"""The catalogue's prices as Stripe has them, and where the two differ."""

import sqlalchemy as sa

from app.billing.catalog.entitlements import plan_of
from app.billing.catalog.plans import Price, current_catalog
from app.billing.errors import BillingError, StripeObjectMissing
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import StripeGateway, StripeObject
from app.billing.models.subscription import Subscription
from app.billing.statuses import ENDED_STATUSES
from app.config.settings import Settings
from app.database import db


def stored_prices(gateway: StripeGateway, scope: StripeScope) -> dict[str, StripeObject]:
    """The prices that Stripe has under the catalogue's lookup keys."""
    params = {"lookup_keys": [price.lookup_key for price in current_catalog().prices], "limit": 100}
    with gateway.errors():
        pages = gateway.v1.prices.list(params, scope.options()).auto_paging_iter()
        return {found.lookup_key: found.to_dict() for found in pages}


def configured_price(
    gateway: StripeGateway, settings: Settings, price: Price, scope: StripeScope
) -> StripeObject | None:
    """The price that a STRIPE_PRICE_* setting names, or None when the lookup key decides."""
    price_id = settings.stripe_price_ids.get(price.setting)
    if not price_id:
        return None
    try:
        with gateway.errors():
            found: StripeObject = gateway.v1.prices.retrieve(price_id, options=scope.options()).to_dict()
    except StripeObjectMissing as error:
        raise BillingError(f"{price.setting}: Stripe has no price {price_id} under this key.") from error
    return found


def price_matches(price: Price, stored: StripeObject) -> bool:
    """Whether Stripe charges what the catalogue says: amount, currency and interval."""
    recurring = stored["recurring"] or {"interval": None, "interval_count": 1}
    charged = (
        stored["unit_amount"],
        stored["currency"],
        recurring["interval"],
        recurring["interval_count"],
    )
    return charged == (price.amount, price.currency, price.interval, 1)


def price_problems(gateway: StripeGateway, settings: Settings, scope: StripeScope) -> dict[str, str | None]:
    """By lookup key, what is wrong with the price that is sold, or None where nothing is."""
    stored = stored_prices(gateway, scope)
    problems: dict[str, str | None] = {}
    for price in current_catalog().prices:
        try:
            found = configured_price(gateway, settings, price, scope) or stored.get(price.lookup_key)
            problems[price.lookup_key] = _problem(price, found)
        except BillingError as error:
            problems[price.lookup_key] = str(error)
    return problems


def subscriptions_at_unknown_prices(scope: StripeScope) -> list[str]:
    """The ids of live subscriptions whose price no plan knows: they are paid for and grant nothing."""
    is_live = sa.and_(scope.covers(Subscription), Subscription.status.not_in(ENDED_STATUSES))
    prices = sa.select(Subscription.stripe_price_id, Subscription.lookup_key).where(is_live).distinct()
    unknown = [price_id for price_id, key in db.session.execute(prices) if not plan_of(price_id, key)]
    query = sa.select(Subscription.stripe_subscription_id)
    return list(db.session.scalars(query.where(is_live, Subscription.stripe_price_id.in_(unknown))))


def _problem(price: Price, found: StripeObject | None) -> str | None:
    if found is None:
        return "is not in Stripe; run `flask billing push`"
    elif not found["active"]:
        return f"is archived in Stripe ({found['id']})"
    elif not price_matches(price, found):
        return f"charges {_in_words(found)} in Stripe; the catalogue says {price.amount} {price.currency}"
    else:
        return None


def _in_words(found: StripeObject) -> str:
    interval = f" per {found['recurring']['interval']}" if found["recurring"] else ""
    return f"{found['unit_amount']} {found['currency']}{interval}"
