"""What subscribers may do in the customer portal: change plan, cancel, update card, see invoices."""

from typing import Any

from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import StripeGateway, StripeObject
from app.config.settings import Settings

# Our configuration among those of other products on the same Stripe account.
OURS = {"configured_by": "perennial"}


def wanted(settings: Settings, offered: dict[str, list[str]]) -> dict[str, Any]:
    """What our configuration has to say, to offer a change between these prices, listed by product."""
    params: dict[str, Any] = {
        "name": settings.app_name,
        "default_return_url": f"{settings.site_url}/account",
        "metadata": OURS,
        "features": _features(offered),
    }
    if settings.site_url.startswith("https://"):
        # Stripe takes public addresses alone.
        params["business_profile"] = _legal_pages(settings.site_url)
    return params


def find(gateway: StripeGateway, scope: StripeScope) -> StripeObject | None:
    """Our portal configuration, or None before the first push."""
    # Stripe leaves the products out of a configuration unless they are asked for.
    params = {"limit": 100, "expand": ["data.features.subscription_update.products"]}
    with gateway.errors():
        pages = gateway.v1.billing_portal.configurations.list(params, scope.options()).auto_paging_iter()
        for configuration in pages:
            found: StripeObject = configuration.to_dict()
            if OURS.items() <= found["metadata"].items():
                return found
    return None


def _legal_pages(site_url: str) -> dict[str, str]:
    return {"privacy_policy_url": f"{site_url}/privacy", "terms_of_service_url": f"{site_url}/terms"}


def _features(offered: dict[str, list[str]]) -> dict[str, Any]:
    reasons = [
        "too_expensive",
        "missing_features",
        "switched_service",
        "unused",
        "too_complex",
        "other",
    ]
    return {
        "customer_update": {
            "enabled": True,
            "allowed_updates": ["name", "address", "tax_id"],
        },
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {
            "enabled": True,
            # What is paid for stays on until its end.
            "mode": "at_period_end",
            "cancellation_reason": {"enabled": True, "options": reasons},
        },
        "subscription_update": {
            "enabled": True,
            "default_allowed_updates": ["price", "promotion_code"],
            # An upgrade is charged at once, so that nobody uses Pro for a month at Basic's price.
            "proration_behavior": "always_invoice",
            "products": [{"product": product, "prices": prices} for product, prices in offered.items()],
        },
    }
