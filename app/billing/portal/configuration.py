"""What subscribers may do in the customer portal: change plan, cancel, update card, see invoices."""

from dataclasses import dataclass
from typing import Any

from app.billing.catalog.plans import MOST_SEATS, current_catalog
from app.billing.gateway.account import StripeScope
from app.billing.gateway.client import StripeGateway, StripeObject
from app.config.settings import Settings

SEATS = {"enabled": True, "minimum": 1, "maximum": MOST_SEATS}


@dataclass
class Offer:
    """A product that subscribers may change to: its prices, and whether the number of seats is theirs to choose."""

    product_id: str
    price_ids: list[str]
    has_seats: bool


def wanted(settings: Settings, offers: list[Offer]) -> dict[str, Any]:
    """The configuration that offers a change between these products."""
    params: dict[str, Any] = {
        "name": settings.app_name,
        "default_return_url": f"{settings.site_url}/account",
        "metadata": _ours(),
        "features": _features(offers),
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
            if _ours().items() <= found["metadata"].items():
                return found
    return None


def _ours() -> dict[str, str]:
    """What marks our configuration among those of other products on the same Stripe account."""
    return {"configured_by": current_catalog().slug}


def _legal_pages(site_url: str) -> dict[str, str]:
    return {"privacy_policy_url": f"{site_url}/privacy", "terms_of_service_url": f"{site_url}/terms"}


def _features(offers: list[Offer]) -> dict[str, Any]:
    reasons = ["too_expensive", "missing_features", "switched_service", "unused", "too_complex", "other"]
    return {
        "customer_update": {"enabled": True, "allowed_updates": ["name", "address", "tax_id"]},
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {
            "enabled": True,
            # What is paid for stays on until its end.
            "mode": "at_period_end",
            "cancellation_reason": {"enabled": True, "options": reasons},
        },
        "subscription_update": _plan_changes(offers),
    }


def _plan_changes(offers: list[Offer]) -> dict[str, Any]:
    if not offers:
        return {"enabled": False}
    seats = ["quantity"] if any(offer.has_seats for offer in offers) else []
    return {
        "enabled": True,
        "default_allowed_updates": ["price", "promotion_code", *seats],
        # An upgrade is charged at once, so that nobody uses a better plan for a month at a lower price.
        "proration_behavior": "always_invoice",
        # Who tries one plan may go on trying another.
        "trial_update_behavior": "continue_trial",
        "products": [
            {
                "product": offer.product_id,
                "prices": offer.price_ids,
                "adjustable_quantity": SEATS if offer.has_seats else {"enabled": False},
            }
            for offer in offers
        ],
    }
