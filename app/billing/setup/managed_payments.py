"""Who sells where a request does not say: the account's own default, which nothing but a session tells."""

from app.billing.catalog.plans import current_catalog
from app.billing.errors import StripeRefused
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import StripeGateway
from app.billing.gateway.prices import price_id

# What Stripe's refusals call it, where the account has it on and cannot use it.
BY_NAME = "managed payments"


def is_on_by_default(gateway: StripeGateway, scope: StripeScope, site_url: str) -> bool | None:
    """Whether the account uses Managed Payments where nothing is said; None where nothing is sold. Commits.

    A session that says nothing is made for nobody, looked at, and expired.
    """
    price = next(iter(current_catalog().sold_prices), None)
    if price is None:
        return None
    items = [{"price": price_id(price, scope), "quantity": 1}]
    params = {"mode": "subscription" if price.is_recurring else "payment", "line_items": items, "success_url": site_url}
    try:
        with gateway.errors():
            session = gateway.v1.checkout.sessions.create(params, scope.options())
            gateway.v1.checkout.sessions.expire(session.id, {}, scope.options())
    except StripeRefused as refusal:
        if BY_NAME in str(refusal).lower():
            return True
        raise
    return bool(session.managed_payments and session.managed_payments.enabled)
