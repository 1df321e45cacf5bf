"""The catalogue's prices as Stripe has them, and where the two differ."""

import sqlalchemy as sa

from app.billing.catalog.entitlements import plan_of
from app.billing.catalog.plans import current_catalog
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import StripeGateway, StripeObject
from app.billing.gateway.prices import StripePrice, configured_price, note_problems, problem_with
from app.billing.models.subscription import Subscription
from app.billing.statuses import ENDED_STATUSES
from app.config.settings import Settings
from app.database import db

# As many lookup keys as Stripe takes in one request.
KEYS_AT_ONCE = 10
EXPANDED = ["data.product", "data.currency_options"]


def stored_prices(gateway: StripeGateway, scope: StripeScope) -> dict[str, StripeObject]:
    """The prices that Stripe has under the catalogue's lookup keys, each with its product."""
    keys = [price.lookup_key for price in current_catalog().prices]
    found: dict[str, StripeObject] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        params = {"lookup_keys": keys[start : start + KEYS_AT_ONCE], "expand": EXPANDED, "limit": 100}
        with gateway.errors():
            for price in gateway.v1.prices.list(params, scope.options()).auto_paging_iter():
                found[price.lookup_key] = price.to_dict()
    return found


def check_prices(gateway: StripeGateway, settings: Settings, scope: StripeScope) -> dict[str, str | None]:
    """By the label of what is sold, why nothing can be sold at that price, or None where it can. Commits.

    The overview shows what was found.
    """
    stored = stored_prices(gateway, scope)
    problems: dict[str, str | None] = {}
    for price in current_catalog().sold_prices:
        named_by = price.setting if price.setting in settings.stripe_price_ids else None
        found = configured_price(gateway, settings, price, scope) if named_by else stored.get(price.lookup_key)
        at_stripe = StripePrice.model_validate(found) if found else None
        problems |= {each.label: problem_with(each, at_stripe, named_by) for each in price.in_every_currency}
    note_problems(scope, problems)
    return problems


def subscriptions_at_unknown_prices(scope: StripeScope) -> list[str]:
    """The ids of live subscriptions whose price no plan knows or knew: they are paid for and grant nothing."""
    is_live = sa.and_(
        scope.covers(Subscription), Subscription.status.not_in(ENDED_STATUSES), Subscription.plan_key.is_(None)
    )
    prices = sa.select(Subscription.stripe_price_id, Subscription.lookup_key).where(is_live).distinct()
    unknown = [price_id for price_id, key in db.session.execute(prices) if not plan_of(price_id, key)]
    query = sa.select(Subscription.stripe_subscription_id)
    return list(db.session.scalars(query.where(is_live, Subscription.stripe_price_id.in_(unknown))))
