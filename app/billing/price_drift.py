"""Where Stripe charges something else than the catalogue says, and subscriptions at prices no plan knows."""

import sqlalchemy as sa

from app.billing.catalogue_push import configured_price, price_matches, stored_prices
from app.billing.errors import BillingError
from app.billing.gateway import StripeGateway, StripeObject
from app.billing.models import Subscription
from app.billing.plans import PRICES, Price
from app.billing.prices import plan_of
from app.billing.statuses import ENDED_STATUSES
from app.database import db
from app.settings import Settings


def price_problems(gateway: StripeGateway, settings: Settings) -> dict[str, str | None]:
    """By lookup key, what is wrong with the price that is sold, or None where nothing is."""
    stored = stored_prices(gateway)
    return {price.lookup_key: _problem(gateway, settings, price, stored) for price in PRICES}


def subscriptions_at_unknown_prices() -> list[str]:
    """The ids of live subscriptions whose price no plan knows: they are paid for and grant nothing."""
    is_live = Subscription.status.not_in(ENDED_STATUSES)
    prices = sa.select(Subscription.stripe_price_id, Subscription.lookup_key).where(is_live).distinct()
    unknown = [price_id for price_id, key in db.session.execute(prices) if not plan_of(price_id, key)]
    query = sa.select(Subscription.stripe_subscription_id)
    return list(db.session.scalars(query.where(is_live, Subscription.stripe_price_id.in_(unknown))))


def _problem(gateway: StripeGateway, settings: Settings, price: Price, stored: dict[str, StripeObject]) -> str | None:
    try:
        found = configured_price(gateway, settings, price) or stored.get(price.lookup_key)
    except BillingError as error:
        return str(error)
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
